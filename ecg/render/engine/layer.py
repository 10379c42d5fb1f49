"""Captions alone, on transparency: frames that an editor lays over a picture."""

from __future__ import annotations

from typing import Any, cast

import av.video.frame
import msgspec
import numpy as np

from ecg.media.info import VideoStream
from ecg.render.engine.composite import Overlay
from ecg.render.engine.pixels import MATRICES, PixelFormat, Rect

Frame = av.video.frame.VideoFrame

_PIXELS = {"webm-alpha": "yuva420p", "mov-alpha": "yuva444p10le"}


def transparent(picture: VideoStream, form: str) -> VideoStream:
    """What holds the captions of ``picture`` alone in the format ``form``: as it is shown,
    upright, in BT.709 of limited range."""
    width, height = picture.shown_size
    aspect = picture.sample_aspect
    if picture.rotation in (90, 270):
        aspect = "/".join(reversed(aspect.split("/")))
    return msgspec.structs.replace(
        picture,
        pixel_format=_PIXELS[form],
        width=width + width % 2,
        height=height + height % 2,
        rotation=0,
        sample_aspect=aspect,
        color_range="tv",
        color_space="bt709",
        color_primaries="bt709",
        color_trc="bt709",
        interlaced=False,
        mastering="",
        light_level="",
    )


class Layer(Overlay):
    """The caption state that is shown, as ``frame``: not premultiplied, black and transparent
    where there is no ink. Whoever else holds the frame's samples keeps them as they were."""

    def __init__(self, form: PixelFormat, width: int, height: int) -> None:
        super().__init__(form, width, height, 0)
        self.frame = Frame(width, height, form.name)
        self.frame.color_range = 1
        matrix = MATRICES["bt709"].number
        self.frame.colorspace = self.frame.color_primaries = self.frame.color_trc = matrix
        self._step = 1 << (form.bits - 8)
        self.clear()

    def clear(self) -> None:
        super().clear()
        self.frame.make_writable()
        for plane, blank in zip(self._planes(), (16, 128, 128, 0), strict=True):
            plane[...] = blank * self._step

    def draw(self, frame: Frame) -> None:
        """Nothing: ``frame`` is the state already."""

    def _convert(self, rect: Rect) -> None:
        super()._convert(rect)
        self.frame.make_writable()
        *colours, cover = self._planes()
        for number, plane in enumerate(colours):
            window = (self._small(rect) if number else rect).window
            weight = 256 - self._behind[number][window]
            colour = (self._caption[number][window] + weight // 2) // np.maximum(weight, 1)
            plane[window] = np.where(weight, colour, (128 if number else 16) * self._step)
        alpha = self._rgba[rect.window][..., 3].astype(np.uint32)
        plane_top = 256 * self._step - 1
        cover[rect.window] = (alpha * plane_top + 127) // 255

    def _planes(self) -> list[Any]:
        return [
            np.frombuffer(cast(Any, plane), self._form.sample).reshape(plane.height, -1)
            for plane in self.frame.planes
        ]
