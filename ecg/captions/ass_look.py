"""What a style looks like, as Advanced SubStation Alpha can say it."""

from __future__ import annotations

import msgspec
import pysubs2

from ecg.captions.colors import rgb
from ecg.captions.fonts import OWN
from ecg.captions.legible import box_opacity
from ecg.captions.place import anchor, safe_area
from ecg.captions.scenario import CueWord, Region, Scenario
from ecg.captions.styles import Style

_LINE = {
    "Pretendard Variable": 1.193,
    "Noto Sans JP Variable": 1.448,
    "Noto Sans Arabic Variable": 2.169,
}
"""Ascent and descent of a font (OS/2 winAscent and winDescent) in em. ASS sizes letters by it."""

_PADDING = 0.02
"""Of the box around the words, of the length that type is sized by."""

_OUTLINE, _SHADOW, DARK = 0.07, 0.05, 0.6
"""As the engine draws them (sheet.js): the half of the outline that lies outside the letters and how
far below them their shadow is, in em; its opacity."""

_BOX = 4
"""libass's border style of one box behind the whole cue, which reaches past it by its shadow. Style 3,
which others know, draws one behind each word, and they lie over one another."""

_INK = "#0a0c12"
WHITE = "#ffffff"
BOLD = 600

_ALIGNMENT = {
    "bottom-left": 1, "bottom": 2, "bottom-right": 3, "left": 4, "center": 5, "middle": 5,
    "right": 6, "top-left": 7, "top": 8, "top-right": 9,
}  # fmt: skip


class Look(msgspec.Struct, frozen=True):
    """What the cues of a file share. ``em`` and ``padding``: in pixels of a picture of ``size``;
    ``line``: height of a line of the font, in em; ``box``: opacity, 0..1."""

    style: Style
    strength: float
    size: tuple[int, int]
    em: float
    padding: float
    font: str
    line: float
    box: float
    region: Region


def look_of(scenario: Scenario, style: Style, size: tuple[int, int]) -> Look:
    """The style as ASS can show it in a picture of ``size`` (width, height), a scenario's overrides
    counted in; lengths in pixels of that picture."""
    overrides = scenario.style.overrides
    unit = min(size[1], 1.08 * size[0]) * (overrides.size or 1.0)
    font = (overrides.font or style.fonts[0]).removeprefix(OWN)
    return Look(
        style=style,
        strength=scenario.style.strength,
        size=size,
        em=unit * style.type.size,
        padding=unit * _PADDING,
        font=font,
        line=_LINE.get(font, 1.2),
        box=box_opacity(scenario, style),
        region=overrides.position or style.position,
    )


def style_of(look: Look, color: str, *, italic: bool = False) -> pysubs2.SSAStyle:
    """Of words that take ``color`` when they are said. As the box fades below a half, an outline
    takes its place; a thin one always stands, for players that draw no box."""
    letters, bare = look.style.type, min(1.0, max(0.0, 1 - 2 * look.box))
    left, _, right, _ = safe_area(look.size)
    beside = max(left, 1 - right) * look.size[0] + look.padding
    region = look.region if isinstance(look.region, str) else "bottom"
    return pysubs2.SSAStyle(
        fontname=look.font,
        fontsize=float(points(look)),
        bold=letters.weight >= BOLD,
        italic=italic,
        primarycolor=_color(WHITE if letters.plain else color),
        secondarycolor=_color(WHITE if letters.plain else letters.upcoming),
        outlinecolor=_color(_INK),
        backcolor=_color("#000000", look.box or DARK * bare),
        borderstyle=_BOX if look.box else 1,
        outline=round(look.em * _OUTLINE * max(bare, 0.3), 1),
        shadow=round(look.padding if look.box else look.em * _SHADOW, 1),
        alignment=pysubs2.Alignment(_ALIGNMENT[region]),
        marginl=round(beside),
        marginr=round(beside),
        marginv=margin_of(region, look),
    )


def place_of(region: Region, look: Look) -> str:
    """Where a cue stands, as far as its style does not say so."""
    if region == look.region and isinstance(region, str):
        return ""
    if isinstance(region, str):
        return f"{{\\an{_ALIGNMENT[region]}}}"
    across, down = anchor(region)
    x = region.x * look.size[0] + look.padding * (1 - 2 * across)
    y = region.y * look.size[1] + look.padding * (1 - 2 * down)
    return f"{{\\an{_ALIGNMENT[region.anchor]}\\pos({round(x)},{round(y)})}}"


def margin_of(region: Region, look: Look) -> int:
    """Between the words and the edge that a named region lies at; 0 where none is."""
    if not isinstance(region, str):
        return 0
    _, top, _, bottom = safe_area(look.size)
    free = {"top": top, "middle": 0.0, "bottom": 1 - bottom}[region]
    return round(free * look.size[1] + look.padding)


def ratio_of(word: CueWord, look: Look) -> float:
    """Size by loudness, as the style's CSS has it."""
    loudness = min(1.0, max(-1.0, (word.loudness or 0.0) / 12)) * look.strength
    letters, (up, down) = look.style.type, look.style.type.curves
    scale = word.style.scale if word.style and word.style.scale else 1.0
    louder = letters.louder ** (max(0.0, loudness) ** up)
    return scale * louder * letters.softer ** (max(0.0, -loudness) ** down)


def points(look: Look, ratio: float = 1.0) -> int:
    return max(1, round(look.em * look.line * ratio))


def _color(color: str, opacity: float = 1.0) -> pysubs2.Color:
    red, green, blue = (int(part) for part in rgb(color))
    return pysubs2.Color(red, green, blue, round(255 * (1 - opacity)))


def color_tag(color: str) -> str:
    red, green, blue = (int(part) for part in rgb(color))
    return f"&H{blue:02X}{green:02X}{red:02X}&"


def alpha_tag(value: float) -> str:
    """0 opaque, 1 unseen."""
    return f"&H{round(255 * value):02X}&"
