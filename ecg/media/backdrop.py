"""A few very small frames of a video, for what must know how light it is behind something."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from ecg.kernel.errors import MediaRefused
from ecg.media.opened import open_media, origin, pictures

MOST = 20_000
"""Frames in all; a video of many hours has fewer per minute."""


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
        stream.codec_context.skip_frame = "NONKEY"
        start = float(origin(container))
        length = (container.duration or 0) / av.time_base
        apart = max(1 / per_second, length / MOST) - 1e-6
        size: tuple[int, int] | None = None
        for frame in container.decode(stream):
            time = 0.0 if frame.pts is None else max(0.0, frame.time - start)
            if times and time - times[-1] < apart:
                continue
            turns = round(frame.rotation / 90) % 4
            shape = _shape(
                float(frame.width * (stream.sample_aspect_ratio or 1)), frame.height, longer_side
            )
            pixels = frame.to_ndarray(width=shape[0], height=shape[1], format="rgb24")
            upright = np.ascontiguousarray(np.rot90(pixels, turns), dtype=np.uint8)
            size = size or (upright.shape[1], upright.shape[0])
            if (upright.shape[1], upright.shape[0]) == size:
                times.append(round(time, 3))
                frames.append(upright.tobytes())
    width, height = size or (1, 1)
    return width, height, times, frames


def _shape(width: float, height: float, longer_side: int) -> tuple[int, int]:
    scale = longer_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
