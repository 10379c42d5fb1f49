"""Where a cue stands, about: the browser breaks the lines, but to judge what is behind a cue and
whether it keeps clear of the edges its size is known well enough."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import msgspec

from ecg.captions.languages import CJK
from ecg.captions.paging import Page
from ecg.captions.scenario import Cue, Point, Region
from ecg.captions.styles import Type
from ecg.captions.text import width

LETTER = 0.52
"""Mean width of a letter in em."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom; 0..1 of the picture."""


class Part(msgspec.Struct, frozen=True):
    """``area`` is what no player covers; the rest is ``covered_by`` these."""

    area: Box
    covered_by: tuple[str, ...]


class Free(msgspec.Struct, frozen=True):
    """``engine/free.json``, which the studio shows: pictures are upright whose width is
    ``upright_below`` × their height, or less."""

    upright_below: float
    upright: Part
    wide: Part


FREE = msgspec.json.decode((files("ecg.captions") / "engine" / "free.json").read_bytes(), type=Free)


def is_upright(size: tuple[int, int]) -> bool:
    return size[0] / size[1] < FREE.upright_below


def safe_area(size: tuple[int, int]) -> Box:
    """Where the stage keeps captions that name no point (``safeArea`` in layout.js)."""
    if is_upright(size):
        return 0.178, 0.15, 0.822, 0.65
    return 0.08, 0.07, 0.92, 0.93


def free_area(size: tuple[int, int]) -> Box:
    """What no player covers. Upright: clear of what TikTok, Reels and Shorts lay over a picture of
    1080 × 1920, which is outside x 65..888 and y 288..1248. Else 5 % at each edge (title safe)."""
    return (FREE.upright if is_upright(size) else FREE.wide).area


class Setting(msgspec.Struct, frozen=True):
    """What cues are drawn in: a picture of ``size``, letters ``ratio`` times as large as ``type``
    has them, in ``region`` where a cue names none."""

    size: tuple[int, int]
    page: Page
    type: Type
    ratio: float
    region: Region


def box_of(cue: Cue, lines: Sequence[str], setting: Setting) -> Box:
    """The box of a cue that is broken into ``lines``."""
    size, page, letters = setting.size, setting.page, setting.type
    unit = min(size[1], 1.08 * size[0]) * setting.ratio * letters.size
    full = 1.0 if page.language in CJK else LETTER
    longest = max((width(line, page.language) for line in lines), default=0.0)
    wide = min(1.0, (longest * full + 1.2) * unit / size[0])
    tall = min(1.0, (len(lines) * letters.line_height + 0.6) * unit / size[1])
    where = cue.region or setting.region
    left, top, right, bottom = safe_area(size)
    if isinstance(where, Point):
        across, down = anchor(where)
        return _box(where.x - across * wide, where.y - down * tall, wide, tall)
    middle = (left + right - wide) / 2
    if where == "top":
        return _box(middle, top, wide, tall)
    centre = (top + bottom - tall) / 2
    return _box(middle, centre if where == "middle" else bottom - tall, wide, tall)


def anchor(point: Point) -> tuple[float, float]:
    """Of a cue's box: which part of it lies left of the point, and above it."""
    name = point.anchor
    across = 0.0 if name.endswith("left") else 1.0 if name.endswith("right") else 0.5
    down = 0.0 if name.startswith("top") else 1.0 if name.startswith("bottom") else 0.5
    return across, down


def _box(left: float, top: float, wide: float, tall: float) -> Box:
    return left, top, left + wide, top + tall
