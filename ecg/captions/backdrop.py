"""The backdrop: what the picture looks like behind the captions, in a few small frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import msgspec

from ecg.captions.colors import Rgb, luminance
from ecg.kernel.errors import DocumentInvalid

LONGER_SIDE = 64
PER_SECOND = 1
"""Pixels of a frame's longer side, and frames of a second at most."""

BRIGHTEST = 0.9
"""The part of what is behind a cue that is darker than what it is judged by: small lights do not
keep anyone from reading."""


class Backdrop(msgspec.Struct, frozen=True):
    """``frames`` are ``width`` × ``height`` pixels of 3 bytes (sRGB), row by row, as the picture is
    shown; ``times`` the seconds from which each stands, in order."""

    width: int
    height: int
    times: tuple[float, ...]
    frames: tuple[bytes, ...]


_DECODER = msgspec.msgpack.Decoder(Backdrop)


def packed(backdrop: Backdrop) -> bytes:
    """As it is stored; ``read_backdrop`` reads it."""
    return msgspec.msgpack.encode(backdrop)


def read_backdrop(data: bytes) -> Backdrop:
    """Raises ``DocumentInvalid`` for what ``packed`` does not write."""
    try:
        found = _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise DocumentInvalid(f"is no backdrop: {error}", "$") from None
    size = 3 * found.width * found.height
    if size < 3 or {len(frame) for frame in found.frames} - {size}:
        raise DocumentInvalid("is no backdrop: its frames are not of its size", "$")
    if len(found.times) != len(found.frames):
        raise DocumentInvalid("is no backdrop: not each frame has its time", "$")
    return found


def behind(
    backdrop: Backdrop, box: tuple[float, float, float, float], start: float, end: float
) -> Iterator[Rgb]:
    """How light it gets behind ``box`` (left, top, right, bottom; 0..1 of the picture) from
    ``start`` to ``end``: the colour that ``BRIGHTEST`` of its pixels do not exceed, per frame."""
    columns = _cells(box[0], box[2], backdrop.width)
    rows = _cells(box[1], box[3], backdrop.height)
    first = max(0, bisect_right(backdrop.times, start) - 1)
    for index in range(first, len(backdrop.frames)):
        if backdrop.times[index] >= end and index > first:
            return
        frame = backdrop.frames[index]
        starts = (3 * (row * backdrop.width + column) for row in rows for column in columns)
        pixels = sorted({(frame[at], frame[at + 1], frame[at + 2]) for at in starts}, key=luminance)
        yield pixels[int(BRIGHTEST * (len(pixels) - 1))]


def _cells(low: float, high: float, count: int) -> range:
    first = min(count - 1, max(0, int(low * count)))
    return range(first, max(first + 1, min(count, round(high * count))))
