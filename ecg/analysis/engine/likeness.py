"""How much of one text sounds like another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ecg.analysis.engine.matching import Pair, edited
from ecg.analysis.engine.search import phones


class Likeness(NamedTuple):
    """For each word the share of its sounds that the other text has in its place, 0..1, and for each of the
    first text's words the number of the other's word where that begins (0 where it has none)."""

    one: list[float]
    other: list[float]
    at: list[int]


def likeness(one: Sequence[str], other: Sequence[str], english: bool) -> Likeness:
    """Compares the sounds of two texts, so that "$43,000" is like "43 thousand dollars". Of a number's
    two readings the one counts that is more like; letters without known sounds count themselves."""
    return max(
        (_compared(one, other, english, reading) for reading in (0, -1)),
        key=lambda found: sum(found.one),
    )


def _compared(one: Sequence[str], other: Sequence[str], english: bool, reading: int) -> Likeness:
    sounds = [[_sounds(word, english, reading) for word in text] for text in (one, other)]
    owners = [[number for number, word in enumerate(words) for _ in word] for words in sounds]
    flat = [[each for word in words for each in word] for words in sounds]
    pairs = edited(flat[0], flat[1], change=2)
    at: dict[int, int] = {}
    for i, j in pairs:
        at.setdefault(owners[0][i], owners[1][j])
    shares = [
        _shares([(ours[pair[side]], pair[1 - side]) for pair in pairs], words)
        for side, (ours, words) in enumerate(zip(owners, sounds, strict=True))
    ]
    return Likeness(shares[0], shares[1], [at.get(number, 0) for number in range(len(one))])


def _shares(pairs: Sequence[Pair], words: Sequence[Sequence[str]]) -> list[float]:
    """``pairs``: of which word, and where in the other text. Sounds found here and there are
    chance: a share is of the word or of the stretch that they are found in, whichever is longer."""
    places: list[list[int]] = [[] for _ in words]
    for number, place in pairs:
        places[number].append(place)
    return [
        len(found) / max(len(word), found[-1] - found[0] + 1) if found else 0.0
        for found, word in zip(places, words, strict=True)
    ]


def _sounds(word: str, english: bool, reading: int) -> list[str]:
    spoken = phones(word, english)
    return spoken[reading].split() if spoken else [char for char in word if char.isalnum()]
