"""The videos that are rendered: made here, the same on every machine, and kept.

A camera's picture is not flat, so ours is a *dead leaves* picture (discs of power-law sizes laid
over each other), which has the edges and the 1/f spectrum of photographs and is what cameras
are tested with. A hand-held pan moves over it in steps of half a pixel, somebody moves in front
of it, and every frame has grain of its own. The sound is the fixture's speech.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SPEECH = Path(__file__).parents[2] / "tests/fixtures/media/jfk_720p30.mp4"
FPS = 30
MINUTE = 60
_MARGIN = 160
"""Pixels that the camera can pan to each side."""
_SAMPLES = 48_000
_MADE_BY = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]

Plane = NDArray[np.uint8]


def clip(folder: Path, width: int, height: int, seconds: int = MINUTE) -> Path:
    """``seconds`` of ``width`` × ``height`` at 30 frames per second, with speech."""
    path = folder / f"{width}x{height}-{seconds}s-{_MADE_BY}.mp4"
    if not path.exists():
        part = path.with_suffix(".part.mp4")
        _write(part, (width, height), seconds)
        part.replace(path)
    return path


def longer(source: Path, times: int) -> Path:
    """The packets of ``source``, ``times`` over."""
    path = source.with_name(f"{source.stem}-x{times}.mp4")
    if not path.exists():
        part = path.with_suffix(".part.mp4")
        _repeat(source, part, times)
        part.replace(path)
    return path


def _write(path: Path, size: tuple[int, int], seconds: int) -> None:
    with av.open(str(path), "w") as output:
        picture: Any = output.add_stream("libx264", rate=FPS)
        picture.width, picture.height = size
        picture.pix_fmt = "yuv420p"
        picture.options = {"preset": "veryfast", "crf": "18", "g": "60"}
        sound: Any = output.add_stream("aac", rate=_SAMPLES, layout="stereo")
        speech = _speech(seconds)
        for frame in _frames(*size, seconds * FPS):
            output.mux(picture.encode(frame))
            for block in speech:
                output.mux(sound.encode(block))
                if block.time > frame.time:
                    break
        for stream in (picture, sound):
            output.mux(stream.encode(None))


def _speech(seconds: int) -> Iterator[av.AudioFrame]:
    with av.open(str(SPEECH)) as file:
        once = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    length = seconds * _SAMPLES
    looped = np.tile(once, (1, -(-length // once.shape[1])))[:, :length]
    for first in range(0, length, 1024):
        part = np.ascontiguousarray(looped[:, first : first + 1024])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = _SAMPLES, first
        frame.time_base = Fraction(1, _SAMPLES)
        yield frame


def _frames(width: int, height: int, count: int) -> Iterator[av.VideoFrame]:
    random = np.random.default_rng(1961)
    tall = height * 3 // 4 & ~3
    room = _phases(_dead_leaves(random, (height + 2 * _MARGIN, width + 2 * _MARGIN), 26, 9))
    person = _phases(_dead_leaves(random, (tall, width // 2), 14, 1))
    cover = _silhouette(tall, width // 2)
    grain = np.rint(np.clip(random.normal(0, 1.6, (2 * height, 2 * width)), -6, 6)).astype(np.int8)
    grain = grain.view(np.uint8)  # sums wrap, and no sample comes near an end of the range
    for number in range(count):
        top, left, sway = _hand(number / FPS)
        frame = av.VideoFrame(width, height, "yuv420p")
        for shift, plane, behind, before in zip((0, 1, 1), frame.planes, room, person, strict=True):
            seen = _window(behind, top >> shift, left >> shift, plane.height, plane.width).copy()
            mask = cover[:: 1 << shift, :: 1 << shift]
            first = (plane.width - mask.shape[1]) // 2 + (sway >> 1 + shift)
            window = seen[plane.height - mask.shape[0] :, first : first + mask.shape[1]]
            np.copyto(window, _window(before, 0, sway >> shift & 1, *mask.shape), where=mask)
            if not shift:
                down, along = random.integers(0, (height, width))
                seen += grain[down : down + height, along : along + width]
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            rows[:, : plane.width] = seen
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield frame


def _hand(time: float) -> tuple[int, int, int]:
    """Where the camera looks (down, across) and how far somebody has swayed, in half pixels."""
    down = 60 * np.sin(time / 5) + 2 * np.sin(5.3 * time) + np.sin(9.7 * time)
    across = 110 * np.sin(time / 3) + 2.5 * np.sin(4.1 * time) + np.sin(11 * time)
    sway = 30 * np.sin(1.3 * time) + 6 * np.sin(7 * time)
    return round(2 * (_MARGIN + down)), round(2 * (_MARGIN + across)), round(2 * sway)


def _dead_leaves(random: Any, size: tuple[int, int], smallest: int, blur: int) -> list[Plane]:
    """Y, Cb and Cr of twice the ``size`` (rows, columns) in luma pixels: discs over each other,
    their radii of density r ** -3 from ``smallest`` on, out of focus by ``blur``."""
    rows, columns = 2 * size[0], 2 * size[1]
    planes = [np.full((rows >> s, columns >> s), 110, np.uint8) for s in (0, 1, 1)]
    share = random.random(3 * rows * columns // (6 * smallest**2))
    for radius in smallest / np.sqrt(1 - share * (1 - (smallest / 600) ** 2)):
        centre = random.random(2) * (rows, columns)
        colour = (random.integers(50, 190), *random.integers(114, 143, 2))
        for plane, value, shift in zip(planes, colour, (0, 1, 1), strict=True):
            _disc(plane, centre / (1 << shift), radius / (1 << shift), value)
    return [_blurred(plane, blur) for plane in planes]


def _disc(plane: Plane, centre: Any, radius: float, value: int) -> None:
    top, left = np.maximum(np.floor(centre - radius), 0).astype(int)
    bottom, right = np.ceil(centre + radius).astype(int) + 1
    window = plane[top:bottom, left:right]
    rows = np.arange(top, top + window.shape[0])[:, None] - centre[0]
    columns = np.arange(left, left + window.shape[1])[None, :] - centre[1]
    window[rows**2 + columns**2 <= radius**2] = value


def _blurred(plane: Plane, width: int) -> Plane:
    soft = plane.astype(np.float32)
    for axis in (0, 1, 0, 1):
        soft = sum(np.roll(soft, step - width // 2, axis) for step in range(width)) / width
    return soft.astype(np.uint8)


def _silhouette(rows: int, columns: int) -> NDArray[np.bool_]:
    """Head and shoulders."""
    down, across = np.mgrid[0:rows, 0:columns]
    across, down = 2 * across / columns - 1, 2 * down / rows - 1
    head = (across / 0.34) ** 2 + ((down + 0.5) / 0.48) ** 2 <= 1
    shoulders = (across / 0.95) ** 2 + ((down - 1.1) / 1.1) ** 2 <= 1
    return head | shoulders


def _phases(planes: list[Plane]) -> list[list[list[Plane]]]:
    """Each plane at half its size, shifted by (0 or ½, 0 or ½) pixels."""
    return [
        [[_halved(np.roll(p, (-y, -x), (0, 1))) for x in (0, 1)] for y in (0, 1)] for p in planes
    ]


def _halved(plane: Plane) -> Plane:
    wide = plane.astype(np.uint16)
    mean = (wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2) >> 2
    return mean.astype(np.uint8)


def _window(phases: list[list[Plane]], top: int, left: int, rows: int, columns: int) -> Plane:
    """``top`` and ``left`` in half pixels."""
    plane = phases[top & 1][left & 1]
    return plane[top >> 1 :, left >> 1 :][:rows, :columns]


def _repeat(source: Path, path: Path, times: int) -> None:
    with av.open(str(path), "w") as output:
        targets: dict[int, Any] = {}
        for turn in range(times):
            with av.open(str(source)) as file:
                for stream in file.streams:
                    if stream.index not in targets:
                        targets[stream.index] = output.add_stream_from_template(stream)
                for packet in file.demux():
                    if packet.dts is None:
                        continue
                    stream = packet.stream
                    shift = turn * round(MINUTE / stream.time_base)
                    packet.dts += shift
                    packet.pts += shift
                    packet.stream = targets[stream.index]
                    output.mux(packet)
