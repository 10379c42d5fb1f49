"""Fonts made for the tests: every letter is a block as wide as it is high."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def block_font(
    family: str = "Blocks",
    letters: str = LETTERS,
    *,
    weight: int = 700,
    rights: int = 0,
    flavor: str | None = None,
    without: str = "",
) -> bytes:
    """A font file whose ``letters`` are blocks; ``without`` names a table that is left out."""
    made: Any = FontBuilder(1000, isTTF=True)
    names = [".notdef", "space", *(f"u{ord(letter):04X}" for letter in letters)]
    made.setupGlyphOrder(names)
    made.setupCharacterMap({0x20: "space", **{ord(one): f"u{ord(one):04X}" for one in letters}})
    glyphs = {name: _block() for name in names}
    glyphs["space"] = TTGlyphPen(None).glyph()
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics(dict.fromkeys(names, (800, 50)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": family, "styleName": "Bold"})
    made.setupOS2(usWeightClass=weight, fsType=rights, sTypoAscender=800, sTypoDescender=-200)
    made.setupPost()
    if without:
        del made.font[without]
    made.font.flavor = flavor
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def _block() -> Any:
    pen = TTGlyphPen(None)
    for number, point in enumerate(((50, 0), (50, 700), (750, 700), (750, 0))):
        (pen.lineTo if number else pen.moveTo)(point)
    pen.closePath()
    return pen.glyph()
