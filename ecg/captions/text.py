"""Measuring text: how wide, how fast to read, by language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

CJK = frozenset({"ko", "ja", "zh", "yue"})
"""Languages whose lines are counted in full-width characters."""

UNSPACED = frozenset({"ja", "zh", "yue", "th", "lo", "my", "km", "bo"})
"""Languages that put no space between words."""

CJK_RATIO = 16 / 42
"""Full-width characters that stand where 42 Latin letters would (Netflix: 16 and 42 a line)."""

READING_SPEED = {"en": 20, "ko": 12, "ja": 4, "zh": 9, "yue": 9, "ar": 20, "hi": 22}
"""Characters per second that can be read, by language (Netflix timed text style guides)."""
READING_SPEED_ELSE = 17

_SENTENCE = frozenset(".?!…。？！؟।")
_CLAUSE = frozenset(",;:—–、，；：،؛")
_CLOSING = "\"'”’»)]}）」』】"


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


def joined(words: Iterable[str], language: str) -> str:
    """Words as a line of text."""
    return ("" if language in UNSPACED else " ").join(words)


def lines_of(words: Sequence[str], language: str, characters: float) -> list[str]:
    """Words broken into as few lines as fit ``characters``, the lines as even as they go.

    A word wider than a line stands alone on one.
    """
    count = len(_filled(words, language, characters))
    if count <= 1:
        return _filled(words, language, characters)
    widest = max(width(word, language) for word in words)
    low, high = max(widest, 1.0), characters
    for _ in range(12):
        middle = (low + high) / 2
        if len(_filled(words, language, middle)) > count:
            low = middle
        else:
            high = middle
    return _filled(words, language, max(high, min(widest, characters)))


def _filled(words: Sequence[str], language: str, characters: float) -> list[str]:
    lines: list[list[str]] = []
    for word in words:
        if lines and width(joined([*lines[-1], word], language), language) <= characters:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [joined(line, language) for line in lines]


def reading_speed(language: str) -> int:
    """Characters per second that viewers of ``language`` can be asked to read."""
    return READING_SPEED.get(language, READING_SPEED_ELSE)


def ends_sentence(word: str) -> bool:
    return word.rstrip(_CLOSING)[-1:] in _SENTENCE


def ends_clause(word: str) -> bool:
    return word.rstrip(_CLOSING)[-1:] in _CLAUSE


_SCRIPTS = (
    ("ko", "HANGUL"),
    ("ja", "HIRAGANA"),
    ("ja", "KATAKANA"),
    ("zh", "CJK"),
    ("ar", "ARABIC"),
    ("hi", "DEVANAGARI"),
)


def language_of(texts: Iterable[str]) -> str:
    """The language whose rules of width and speed fit the script that ``texts`` are mostly
    written in; "en" for Latin letters. A scenario does not say its language."""
    counts: dict[str, int] = {}
    for char in "".join(texts):
        if char.isalpha():
            name = unicodedata.name(char, "")
            found = next((code for code, script in _SCRIPTS if name.startswith(script)), "en")
            counts[found] = counts.get(found, 0) + 1
    if counts.get("ja"):
        return "ja"
    return max(counts, key=lambda code: counts[code], default="en")
