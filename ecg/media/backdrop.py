"""A few very small frames of a video, for what must know how light it is behind something."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import av
import av.container
import av.error
import av.video.frame
import numpy as np
from numpy.typing import NDArray

from ecg.kernel.errors import MediaRefused
from ecg.media.opened import open_media, origin, pictures

MOST = 1_000
"""Frames in all; a longer video has fewer per minute."""


def small_frames(
    path: Path, longer_side: int, per_second: float
) -> tuple[int, int, list[float], list[bytes]]:
    """Width, height, times in seconds and RGB bytes of the key frames, ``per_second`` at most, as
    they are shown, ``longer_side`` pixels on theirs.

    Raises ``MediaRefused`` as ``open_media`` does, and where there is no picture. A damaged end
    ends the frames.
    """
    times: list[float] = []
    frames: list[bytes] = []
    with open_media(path) as container:
        stream = next(iter(pictures(container)), None)
        if stream is None:
            raise MediaRefused(f"{path}: has no picture")
        start = float(origin(container))
        length = (container.duration or 0) / av.time_base
        apart = max(1 / per_second, length / MOST) - 1e-6
        size: tuple[int, int] | None = None
        for time, pixels in _key_frames(container, stream, apart, longer_side):
            size = size or (pixels.shape[1], pixels.shape[0])
            if (pixels.shape[1], pixels.shape[0]) == size:
                times.append(round(max(0.0, time - start), 3))
                frames.append(pixels.tobytes())
    width, height = size or (1, 1)
    return width, height, times, frames


def _key_frames(
    container: av.container.InputContainer, stream: av.VideoStream, apart: float, longer_side: int
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Seconds and pixels (height, width, 3) of key frames at least ``apart`` seconds from each other.
    All others are read and not decoded: where every frame is a key frame, that would take as long
    as the video."""
    codec = cast(Any, stream.codec_context)
    last = -math.inf
    with suppress(av.error.FFmpegError):
        for packet in container.demux(stream):
            stamp = packet.dts if packet.pts is None else packet.pts
            if stamp is None or not packet.is_keyframe:
                continue
            time = float(stamp * packet.time_base)
            if time - last < apart:
                continue
            for frame in (*codec.decode(packet), *codec.decode(None)):
                yield time, _small(frame, stream, longer_side)
                last = time
            codec.flush_buffers()


def _small(
    frame: av.video.frame.VideoFrame, stream: av.VideoStream, longer_side: int
) -> NDArray[np.uint8]:
    """The frame as it is shown."""
    turns = round(frame.rotation / 90) % 4
    width = float(frame.width * (stream.sample_aspect_ratio or 1))
    shape = _shape(width, frame.height, longer_side)
    pixels = frame.to_ndarray(width=shape[0], height=shape[1], format="rgb24")
    return np.ascontiguousarray(np.rot90(pixels, turns), dtype=np.uint8)


def _shape(width: float, height: float, longer_side: int) -> tuple[int, int]:
    scale = longer_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
