"""Measuring text: how wide, how fast to read, by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from ecg.captions.languages import (
    CJK,
    CJK_RATIO,
    CLAUSE_ENDS,
    CLOSING,
    OPENING,
    READING_SPEED,
    READING_SPEED_ELSE,
    SCRIPTS,
    SENTENCE_ENDS,
    TITLES,
)

_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    r"\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
"""Thai, Lao, Myanmar, Khmer, kana, Chinese characters and full-width marks: set without spaces."""


@lru_cache(maxsize=20_000)
def width(text: str, language: str) -> float:
    """Width in the characters that a line is counted in.

    In Korean, Japanese and Chinese a full-width character is 1 and everything else 0.5;
    elsewhere every character is 1. Marks that combine with the letter before them are 0.
    """
    narrow = 0.5 if language in CJK else 1.0
    total = 0.0
    for char in text:
        if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
            continue
        wide = unicodedata.east_asian_width(char) in {"W", "F"}
        total += 1.0 if wide else narrow
    return total


def line_room(characters: int, language: str) -> int:
    """A line of so many Latin letters, in the characters that ``language`` is counted in."""
    return round(characters * CJK_RATIO) if language in CJK else characters


def between(before: str, after: str) -> str:
    """What stands between two words: a space, or nothing where both sides' scripts have none."""
    return "" if _UNSPACED.match(before[-1:]) and _UNSPACED.match(after[:1]) else " "


_BEFORE = re.compile(r"[\u0e40-\u0e44\u0ec0-\u0ec4\u1039\u17d2]$")
"""Vowels of Thai and Lao that are written before their consonant, and what has Burmese and Khmer write
the next one below."""
_AFTER = re.compile(r"[\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3\u0ebd]")
"""Vowels of Thai and Lao that are letters to Unicode, and follow their consonant."""


def inseparable(before: str, after: str) -> bool:
    """Whether one syllable is written with the end of ``before`` and the beginning of ``after``, so
    that it would be torn where a script without spaces is parted between them."""
    mark = unicodedata.category(after[:1] or " ")[0] == "M"
    return mark or bool(_BEFORE.search(before) or _AFTER.match(after))


def joined(words: Iterable[str]) -> str:
    """Words as a line of text."""
    line, last = "", ""
    for word in words:
        line += (between(last, word) if last else "") + word
        last = word
    return line


def reading_speed(language: str) -> int:
    """Characters per second that viewers of ``language`` can be asked to read."""
    return READING_SPEED.get(language, READING_SPEED_ELSE)


def ends_sentence(word: str) -> bool:
    if word.strip(OPENING + ".").lower() in TITLES:
        return False
    return word.rstrip(CLOSING)[-1:] in SENTENCE_ENDS


def ends_clause(word: str) -> bool:
    return word.rstrip(CLOSING)[-1:] in CLAUSE_ENDS


def language_of(texts: Iterable[str]) -> str:
    """The language whose rules of width and speed fit the script that ``texts`` are mostly
    written in; "en" for Latin letters. A scenario does not say its language.

    A full-width letter counts for as many Latin ones as it takes the room of.
    """
    counts: dict[str, float] = {}
    for char in "".join(texts):
        if char.isalpha():
            name = unicodedata.name(char, "")
            found = next((code for code, script in SCRIPTS if name.startswith(script)), "en")
            counts[found] = counts.get(found, 0) + (1 / CJK_RATIO if found in CJK else 1)
    if counts.get("ja"):
        return "ja"
    return max(counts, key=lambda code: counts[code], default="en")
