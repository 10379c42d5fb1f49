"""A still of a video, to show it by."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.container
import av.error
import av.video.frame
import numpy as np

from ecg.kernel.errors import MediaRefused
from ecg.media.opened import open_media, pictures
from ecg.media.probe import first_frame

POSTER_WIDTH = 640
"""Pixels."""

POSTER_AT = 0.1
"""Where in the video its poster is taken, 0 to 1."""


def poster(path: Path) -> bytes:
    """A JPEG of a frame a tenth into the file, turned as a player turns it, at most
    ``POSTER_WIDTH`` wide.

    Raises ``MediaRefused`` as ``open_media`` does, and where there is no picture.
    """
    with open_media(path) as container:
        stream = _picture(container, path)
        length = (container.duration or 0) / av.time_base
        start = (container.start_time or 0) / av.time_base
        with suppress(av.error.FFmpegError):  # not every file can be sought in
            container.seek(int((start + length * POSTER_AT) * av.time_base))
            for frame in container.decode(stream):
                return _jpeg(frame, stream)
    with open_media(path) as container:
        stream = _picture(container, path)
        return _jpeg(first_frame(container, stream, path), stream)


def _picture(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    for stream in pictures(container):
        return stream
    raise MediaRefused(f"{path}: has no picture")


def _jpeg(frame: av.video.frame.VideoFrame, stream: av.VideoStream) -> bytes:
    turns = round(frame.rotation / 90) % 4
    width = float(frame.width * (stream.sample_aspect_ratio or 1))
    scale = min(1.0, POSTER_WIDTH / (frame.height if turns % 2 else width))
    size = (max(round(width * scale), 1), max(round(frame.height * scale), 1))
    pixels = frame.to_ndarray(width=size[0], height=size[1], format="rgb24")
    upright = np.ascontiguousarray(np.rot90(pixels, turns), dtype=np.uint8)
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = upright.shape[:2]
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1)
    encoder.options = {"qmin": "3", "qmax": "5"}
    picture = av.VideoFrame.from_ndarray(upright, format="rgb24")
    picture = picture.reformat(format="yuvj420p", dst_color_range="JPEG")
    picture.pts = 0
    packets = cast(list[Any], [*encoder.encode(picture), *encoder.encode(None)])  # pyright: ignore[reportUnknownMemberType]
    return b"".join(bytes(packet) for packet in packets)
