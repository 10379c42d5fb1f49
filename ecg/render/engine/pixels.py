"""Rectangles, picture formats and the arithmetic from a browser's RGBA to a frame's planes."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ecg.media.info import VideoStream
from ecg.render.engine.light import coded

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint16]


class Rect(msgspec.Struct, frozen=True):
    """Whole pixels; empty where a side is 0."""

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    @property
    def window(self) -> tuple[slice, slice]:
        """(rows, columns), to index an array with."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both."""
        if self.empty or other.empty:
            return other if self.empty else self
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Rect(x, y, right - x, bottom - y)

    def holds(self, other: Rect) -> bool:
        """Whether all of ``other`` is inside."""
        return self.union(other) == self

    def turned(self, rotation: int, width: int, height: int) -> Rect:
        """The rectangle of a shown picture of ``width`` × ``height`` in the coded one, which
        a player turns clockwise by ``rotation`` degrees."""
        if rotation == 90:
            return Rect(self.y, width - self.x - self.width, self.height, self.width)
        if rotation == 180:
            return Rect(
                width - self.x - self.width, height - self.y - self.height, self.width, self.height
            )
        if rotation == 270:
            return Rect(height - self.y - self.height, self.x, self.height, self.width)
        return self


class PixelFormat(msgspec.Struct, frozen=True):
    """Planar YUV: ``bits`` per sample, chroma planes smaller by 2**``shift``. ``red`` and
    ``blue`` are the matrix's Kr and Kb; ``full`` range or limited; ``transfer`` and
    ``primaries`` FFmpeg's names, empty where unknown."""

    name: str
    bits: int
    shift_x: int
    shift_y: int
    red: float
    blue: float
    full: bool
    transfer: str = ""
    primaries: str = ""

    @property
    def sample(self) -> type[np.uint8 | np.uint16]:
        return np.uint8 if self.bits == 8 else np.uint16


class Matrix(msgspec.Struct, frozen=True):
    """Kr, Kb and the number of a matrix in ITU-T H.273, table 4."""

    red: float
    blue: float
    number: int


MATRICES = {
    "bt709": Matrix(0.2126, 0.0722, 1),
    "fcc": Matrix(0.30, 0.11, 4),
    "bt470bg": Matrix(0.299, 0.114, 5),
    "smpte170m": Matrix(0.299, 0.114, 6),
    "smpte240m": Matrix(0.212, 0.087, 7),
    "bt2020nc": Matrix(0.2627, 0.0593, 9),
}
"""By FFmpeg's name."""
_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}


def pixel_format(picture: VideoStream) -> PixelFormat:
    """How the frames of ``picture``, one that ``picture.drawable`` gave, hold their pixels."""
    name = picture.pixel_format
    shift_x, shift_y = next(shifts for key, shifts in _SHIFTS.items() if key in name)
    matrix = MATRICES[matrix_of(picture)]
    return PixelFormat(
        name=name,
        bits=10 if name.endswith("10le") else 8,
        shift_x=shift_x,
        shift_y=shift_y,
        red=matrix.red,
        blue=matrix.blue,
        full=name.startswith("yuvj") or picture.color_range == "pc",
        transfer=picture.color_trc,
        primaries=picture.color_primaries,
    )


def matrix_of(picture: VideoStream) -> str:
    """The matrix that ``picture`` is coded by: where it names none, BT.709 from 720 lines on and
    BT.601 below, as players take it."""
    return picture.color_space or ("bt709" if picture.height >= 720 else "bt470bg")


def to_planes(rgba: Bytes, form: PixelFormat) -> list[tuple[Words, NDArray[np.uint32]]]:
    """RGBA (rows × columns × 4, not premultiplied) → for Y, Cb and Cr: (weight of the picture
    behind, 0..256; caption sample × (256 - weight)).

    The sums of ``weight × behind + caption`` thus never exceed 256 × the largest sample. Chroma
    is averaged premultiplied, so colours do not bleed out of transparent pixels; its samples
    sit on the left column and between two rows (H.264's default siting): weights 1-2-1 across,
    1-1 down. The region must begin and end on whole chroma samples.
    """
    # planes of their own: numpy is several times quicker over them than over interleaved pixels
    parts = np.moveaxis(rgba, 2, 0).astype(np.float32, order="C")
    alpha = np.rint(parts[3] * np.float32(256 / 255))
    colour = coded(np.moveaxis(parts[:3], 0, 2) / np.float32(255), form.transfer, form.primaries)
    red, green, blue = np.moveaxis(colour, 2, 0) * alpha
    luma = red * np.float32(form.red)
    luma += green * np.float32(1 - form.red - form.blue)
    luma += blue * np.float32(form.blue)
    step = 1 << (form.bits - 8)
    top = 256 * step - 1
    scale, black = (top, 0) if form.full else (219 * step, 16 * step)
    spread = top if form.full else 224 * step
    caption = luma * np.float32(scale)
    caption += alpha * np.float32(black)
    planes = [_plane(alpha, caption)]
    cover, luma = _smaller(alpha, form), _smaller(luma, form)
    weight = np.rint(cover)
    # the mean colour under the ink, so that rounding the weight does not shift the colour
    share = weight / np.maximum(cover, np.float32(1e-6))
    for part, largest in ((blue, 1 - form.blue), (red, 1 - form.red)):
        chroma = (_smaller(part, form) - luma) * np.float32(0.5 / largest * spread)
        chroma *= share
        chroma += weight * np.float32(128 * step)
        planes.append(_plane(weight, np.clip(chroma, 0, top * weight)))
    return planes


def _plane(
    weight: NDArray[np.floating], caption: NDArray[np.floating]
) -> tuple[Words, NDArray[np.uint32]]:
    return (256 - weight).astype(np.uint16), np.rint(caption).astype(np.uint32)


def _smaller(values: NDArray[np.floating], form: PixelFormat) -> NDArray[np.floating]:
    """The weighted means that stand for the samples of a smaller plane."""
    if form.shift_y:
        values = (values[::2] + values[1::2]) * np.float32(0.5)
    if not form.shift_x:
        return values
    even, odd = values[:, ::2] * np.float32(0.5), values[:, 1::2] * np.float32(0.25)
    small = even + odd
    small[:, 1:] += odd[:, :-1]
    small[:, 0] += even[:, 0] * np.float32(0.5)  # the edge stands for what is beyond it
    return small
