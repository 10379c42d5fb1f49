"""Paging: where the words of one speaker are cut into cues, as a cheapest path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

from ecg.captions.bonds import Bond, bonds, bound_words
from ecg.captions.text import between, ends_sentence, width

SHORTEST = 5 / 6
LONGEST = 7.0
"""Seconds that a cue stands at least, where speech allows, and at most (Netflix)."""

PAUSE = 0.5
"""Seconds of silence that end a cue; a shorter gap between cues is closed."""

# What a cut costs, in units of half a new cue. Tuned by reading pages of speech.
_NEW_CUE = 2.0  # each cue: few are made
_SECOND_LINE = 1.0  # each line after the first
_CUT: dict[Bond, float] = {
    "sentence": 0.0,
    "clause": 1.0,
    "before": 2.5,
    "open": 4.0,
    "leaning": 8.0,
    "binding": 9.0,
    "close": 12.0,
    "name": 14.0,
}
_INSIDE: dict[Bond, float] = {"sentence": 5.0, "clause": 4.0}  # what ends in the middle of a cue
_TOO_SHORT = 6.0  # times the part of SHORTEST that is missing
_ORPHAN = 3.0  # a lone word that is no sentence
_UNEVEN = 3.0  # times the square of the part by which a cue is emptier than EVEN of its room
_EVEN = 0.6


class Timed(Protocol):
    """A word, heard or shown: its text, and its times in seconds."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


class Page(msgspec.Struct, frozen=True):
    """The room of one cue: ``lines`` of ``characters`` as the language counts them, at most
    ``words``, standing at most ``duration`` seconds."""

    language: str
    characters: float
    lines: int
    words: int
    duration: float


def page_cuts(words: Sequence[Timed], page: Page) -> list[int]:
    """Where a run of words is cut so that the whole costs least: 0, cuts in order, its length.

    A cue is wider or longer than ``page`` only where a single word is.
    """
    texts = [word.text for word in words]
    between_words = bonds(texts, page.language)
    bound = bound_words(texts, page.language, page.characters, kinds=("name", "close"))
    cut_costs = [0.0, *(_CUT[bond] for bond in between_words), 0.0]
    cost = [0.0] + [float("inf")] * len(words)
    back = [0] * (len(words) + 1)
    cue_cost = _cue_cost(words, between_words, page)
    for start in range(len(words)):
        for end, lines, filled in _fitting(words, start, page, bound):
            total = cost[start] + cue_cost(start, end, lines, filled) + cut_costs[end]
            if total < cost[end]:
                cost[end], back[end] = total, start
    cuts = [len(words)]
    while cuts[-1]:
        cuts.append(back[cuts[-1]])
    return cuts[::-1]


def _fitting(
    words: Sequence[Timed], start: int, page: Page, bound: AbstractSet[int]
) -> list[tuple[int, int, float]]:
    """(end, lines, width) of each cue from ``start`` that fits; the first word always does. A
    word of ``bound`` stands on one line with the next."""
    found: list[tuple[int, int, float]] = []
    lines, line, filled, chain = 1, 0.0, 0.0, 0.0
    for end in range(start + 1, min(start + page.words, len(words)) + 1):
        wide = width(words[end - 1].text, page.language)
        if end == start + 1:
            line = filled = chain = wide
        else:
            gap = width(between(words[end - 2].text, words[end - 1].text), page.language)
            filled += gap + wide
            chain = chain + gap + wide if end - 2 in bound else wide
            line += gap + wide
            if line > page.characters:
                lines, line = lines + 1, chain
            left = words[end].start if end < len(words) else words[end - 1].end
            too_wide = lines > page.lines or line > page.characters
            if too_wide or left - words[start].start > page.duration:
                break
        found.append((end, lines, filled))
        if wide > page.characters:
            break
    return found


def _cue_cost(
    words: Sequence[Timed], between_words: Sequence[Bond], page: Page
) -> Callable[[int, int, int, float], float]:
    """The cost of a cue of ``words[start:end]``, in so many lines of so much width in all."""
    room = page.characters * page.lines
    whole = sum(width(word.text, page.language) for word in words)
    wanted = _EVEN * min(1.0, whole / room)
    inside = [0.0]
    for bond in between_words:
        inside.append(inside[-1] + _INSIDE.get(bond, 0.0))

    def cost(start: int, end: int, lines: int, filled: float) -> float:
        left = words[end].start if end < len(words) else words[-1].end + PAUSE
        seconds = left - words[start].start
        alone = end == start + 1 and len(words) > 1 and not ends_sentence(words[start].text)
        return (
            _NEW_CUE
            + _SECOND_LINE * (lines - 1)
            + (inside[end - 1] - inside[start])
            + _TOO_SHORT * max(0.0, 1 - seconds / SHORTEST)
            + (_ORPHAN if alone else 0.0)
            + _UNEVEN * max(0.0, wanted - filled / room) ** 2
        )

    return cost
