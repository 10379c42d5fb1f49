"""One frame of a result as a picture file, to show it by."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.container
import av.video.frame
import numpy as np

from ecg.captions.scenario import Cue, Scenario
from ecg.kernel.errors import MediaRefused
from ecg.media.opened import has_alpha_stream, name_of, open_media, pictures
from ecg.render.engine.plan import read_frame_times
from ecg.render.interfaces import StillKind

Frame = av.video.frame.VideoFrame

_ENCODERS: dict[StillKind, tuple[str, str, dict[str, str]]] = {
    "jpg": ("mjpeg", "yuvj444p", {"qmin": "2", "qmax": "2"}),
    "png": ("png", "rgb24", {}),
}


def still(video: Path, scenario: Scenario, kind: StillKind) -> bytes:
    """A JPEG or PNG of a frame of ``video`` on which a caption of ``scenario`` is wholly shown,
    turned as a player turns it and in square pixels. Of captions alone, only PNG keeps the
    transparency. Raises ``MediaRefused``."""
    with open_media(video) as container:
        picture = pictures(container)[0]
        times = read_frame_times(container, picture.index)
        number = best_frame(scenario, times.seconds())
        for frame in _frames(container, picture, times.pts[number]):
            if (frame.pts or 0) >= times.pts[number]:
                return _encoded(frame, picture, kind)
        raise MediaRefused(f"{name_of(container)}: its picture cannot be decoded")


def best_frame(scenario: Scenario, seconds: Sequence[float]) -> int:
    """The number of the frame, of those at ``seconds``, that shows most of a caption: late in
    the longest one that any frame falls into, once its last word has come."""
    for cue in sorted(scenario.cues, key=_letters, reverse=True):
        begin = cue.words[-1].start if cue.words else cue.start
        number = bisect_left(seconds, (begin + cue.end) / 2)
        for candidate in (number, number - 1):
            if 0 <= candidate < len(seconds) and begin <= seconds[candidate] < cue.end:
                return candidate
    return max(bisect_right(seconds, seconds[-1] / 2) - 1, 0)


def _letters(cue: Cue) -> int:
    return sum(len(word.text) for word in cue.words)


def _frames(
    container: av.container.InputContainer, picture: av.VideoStream, pts: int
) -> Iterator[Frame]:
    container.seek(pts, stream=picture)
    if not has_alpha_stream(picture):
        yield from container.decode(picture)
        return
    decoder = cast(Any, av.CodecContext.create("libvpx-vp9", "r"))
    for packet in container.demux(picture):
        yield from decoder.decode(packet)


def _encoded(frame: Frame, picture: av.VideoStream, kind: StillKind) -> bytes:
    clear = any(part.is_alpha for part in frame.format.components) and kind == "png"
    aspect = picture.sample_aspect_ratio or Fraction(1)
    form = "rgba" if clear else "rgb24"
    pixels = frame.to_ndarray(width=max(round(frame.width * aspect), 1), format=form)
    upright = np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)), np.uint8)
    codec, pixel_format, options = _ENCODERS[kind]
    encoder = cast(Any, av.CodecContext.create(codec, "w"))
    encoder.height, encoder.width = upright.shape[:2]
    encoder.pix_fmt = form if kind == "png" else pixel_format
    encoder.time_base = Fraction(1)
    encoder.options = options
    made = av.VideoFrame.from_ndarray(upright, format=form)
    if kind == "jpg":
        made = made.reformat(format=pixel_format, dst_color_range="JPEG")
    made.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(made), *encoder.encode(None)))
