"""Colours as eyes see them: contrast, distance, and what colour-blind eyes make of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

Rgb = tuple[float, float, float]
"""sRGB, 0..255."""

Matrix = tuple[Rgb, Rgb, Rgb]

_SEEN: tuple[Matrix, ...] = (
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
)
"""Linear light as usual eyes, protanopes, deuteranopes and tritanopes see it (Machado, Oliveira and
Fernandes 2009, severity 1)."""

_XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE: Rgb = (0.95047, 1.0, 1.08883)


def rgb(color: str) -> Rgb:
    """Of "#rrggbb"."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def hexadecimal(color: Rgb) -> str:
    return "#" + "".join(f"{min(255, max(0, round(part))):02x}" for part in color)


def mixed(below: Rgb, above: Rgb, opacity: float) -> Rgb:
    """``above`` laid over ``below``, as browsers blend: in sRGB, not in light."""
    first, second, third = (b + (a - b) * opacity for b, a in zip(below, above, strict=True))
    return first, second, third


def luminance(color: Rgb) -> float:
    """Relative luminance, 0 black to 1 white (WCAG 2.2)."""
    return sum(w * _linear(part) for w, part in zip(_XYZ[1], color, strict=True))


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of WCAG 2.2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def distance(one: str, other: str) -> float:
    """The least CIE 1976 ΔE*ab between two "#rrggbb" to usual and to colour-blind eyes; about 2 is
    the least that is seen side by side."""
    return min(
        sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5
        for first, second in zip(_seen(one.lower()), _seen(other.lower()), strict=True)
    )


@lru_cache(maxsize=1000)
def _seen(color: str) -> tuple[Rgb, ...]:
    """CIE L*a*b* of a colour to each kind of eye."""
    light = [_linear(part) for part in rgb(color)]
    return tuple(_lab([min(1.0, max(0.0, v)) for v in _times(eye, light)]) for eye in _SEEN)


def _linear(part: float) -> float:
    part = min(255.0, max(0.0, part)) / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _times(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _lab(light: Sequence[float]) -> Rgb:
    ratios = (v / w for v, w in zip(_times(_XYZ, light), _WHITE, strict=True))
    x, y, z = (
        ratio ** (1 / 3) if ratio > 216 / 24389 else (24389 / 27 * ratio + 16) / 116
        for ratio in ratios
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
