"""Fonts of one's own: how a scenario names one, what is known of its files, and what they lack.

A scenario names the family of such a font with ``own:`` before it. So it is never taken for a
bundled one, nor for one of the system's, wherever the name is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from ecg.captions.scenario import Scenario

OWN = "own:"
NAMED = 12
"""Characters named of those that a font lacks."""

_FAMILY = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\"\\,{}][^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\"\\,{}]{0,79}"
)
"""No control characters, nothing that turns the direction of text or ends a name in CSS or ASS."""

_RANGE = re.compile(r"U\+([0-9A-Fa-f]+)(?:-([0-9A-Fa-f]+))?")
_NOT_LETTERS = re.compile(
    "[\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\U0001f000-\U0001faff\U000e0000-\U000e007f]"
)
"""Symbols and emoji, which a colour font draws behind any other."""


class FontFace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a font file says of itself. ``family``: as people call it, without ``own:``;
    ``lightest`` and ``heaviest``: weights, 1..1000, the same where it does not vary; ``axes``: tags of
    what varies; ``scripts``: ISO 15924 codes of those whose letters it has; ``unicode_range``: all
    its characters, as CSS writes them ("U+20-7E, U+AC00-D7A3")."""

    family: str
    lightest: int
    heaviest: int
    italic: bool
    axes: tuple[str, ...]
    scripts: tuple[str, ...]
    unicode_range: str


def is_family(name: str) -> bool:
    """Whether a font of one's own may be called ``name``."""
    return _FAMILY.fullmatch(name) is not None


def own_family(scenario: Scenario) -> str | None:
    """The family of one's own that the scenario is set in, without ``own:``."""
    font = scenario.style.overrides.font
    return font.removeprefix(OWN) if font is not None and font.startswith(OWN) else None


def lacking(faces: Iterable[FontFace], scenario: Scenario) -> list[str]:
    """The letters of the scenario's words that no face has, each once, in order."""
    spans = [
        (int(first, 16), int(last or first, 16))
        for face in faces
        for first, last in _RANGE.findall(face.unicode_range)
    ]
    said = dict.fromkeys(
        letter for cue in scenario.cues for word in cue.words for letter in word.text
    )
    return [
        letter
        for letter in said
        if _is_letter(letter) and not any(first <= ord(letter) <= last for first, last in spans)
    ]


def notes_of(faces: Sequence[FontFace], scenario: Scenario) -> tuple[str, ...]:
    """What is to be said of a scenario whose own font has ``faces``."""
    family = own_family(scenario)
    if family is None:
        return ()
    if not faces:
        return (f'Its font "{family}" is not there; the style\'s own is taken instead.',)
    absent = lacking(faces, scenario)
    if not absent:
        return ()
    named = " ".join(absent[:NAMED]) + (" …" if len(absent) > NAMED else "")
    return (f'Its font "{family}" lacks {named}; these are drawn in a bundled one.',)


def unusable(scenario: Scenario) -> tuple[str, ...]:
    """What is to be said where a browser takes none of the font's files."""
    family = own_family(scenario)
    return (f'Its font "{family}" cannot be drawn; the style\'s own is taken instead.',)


def set_in(scenario: Scenario, family: str | None) -> Scenario:
    """The scenario in the font that ``overrides.font`` names, ``None`` its style's own."""
    replace = msgspec.structs.replace
    overrides = replace(scenario.style.overrides, font=family)
    return replace(scenario, style=replace(scenario.style, overrides=overrides))


def without_own(scenario: Scenario) -> Scenario:
    """The scenario, in its style's own font where it is set in one of one's own."""
    return scenario if own_family(scenario) is None else set_in(scenario, None)


def _is_letter(character: str) -> bool:
    kind = unicodedata.category(character)[0]
    return kind not in "CMZ" and not _NOT_LETTERS.match(character)
