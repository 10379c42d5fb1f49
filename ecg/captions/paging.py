"""Paging: where the words of one speaker are cut into cues, as a cheapest path."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from ecg.captions.languages import CAPITAL_NOUNS, CLOSING, LEANING, OPENING, TITLES
from ecg.captions.scenario import CueWord
from ecg.captions.text import between, ends_clause, ends_sentence, width
from ecg.captions.transcript import Word

SHORTEST = 5 / 6
LONGEST = 7.0
"""Seconds that a cue stands at least, where speech allows, and at most (Netflix)."""

PAUSE = 0.5
"""Seconds of silence that end a cue; a shorter gap between cues is closed."""

# What a cut costs, in units of half a new cue. Tuned by reading pages of speech.
_NEW_CUE = 2.0  # each cue: few are made
_SECOND_LINE = 1.0  # each line after the first
_BREAK_AFTER_CLAUSE = 1.0  # a cut after a comma; after the end of a sentence it is free
_BREAK_BEFORE_LEANING = 2.5  # before a conjunction, preposition …
_BREAK_IN_CLAUSE = 4.0
_BREAK_LEANING = 8.0  # between an article, preposition … and what it belongs to
_BREAK_IN_NAME = 14.0
_CLAUSE_INSIDE = 4.0  # a clause that ends in the middle of a cue
_SENTENCE_INSIDE = 5.0
_TOO_SHORT = 6.0  # times the part of SHORTEST that is missing
_ORPHAN = 3.0  # a lone word that is no sentence
_UNEVEN = 3.0  # times the square of the part by which a cue is emptier than EVEN of its room
_EVEN = 0.6

_AROUND = OPENING + CLOSING + "."


Timed = Word | CueWord


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
    cut_costs = [_cut_cost(words, index, page.language) for index in range(len(words) + 1)]
    cost = [0.0] + [float("inf")] * len(words)
    back = [0] * (len(words) + 1)
    cue_cost = _cue_cost(words, page)
    for start in range(len(words)):
        for end, lines, filled in _fitting(words, start, page):
            total = cost[start] + cue_cost(start, end, lines, filled) + cut_costs[end]
            if total < cost[end]:
                cost[end], back[end] = total, start
    cuts = [len(words)]
    while cuts[-1]:
        cuts.append(back[cuts[-1]])
    return cuts[::-1]


def _fitting(words: Sequence[Timed], start: int, page: Page) -> list[tuple[int, int, float]]:
    """(end, lines, width) of each cue from ``start`` that fits; the first word always does."""
    found: list[tuple[int, int, float]] = []
    lines, line, filled = 1, 0.0, 0.0
    for end in range(start + 1, min(start + page.words, len(words)) + 1):
        wide = width(words[end - 1].text, page.language)
        if end == start + 1:
            line = filled = wide
        else:
            gap = width(between(words[end - 2].text, words[end - 1].text), page.language)
            filled += gap + wide
            lines, line = (
                (lines, line + gap + wide)
                if line + gap + wide <= page.characters
                else (lines + 1, wide)
            )
            left = words[end].start if end < len(words) else words[end - 1].end
            too_wide = lines > page.lines or line > page.characters
            if too_wide or left - words[start].start > page.duration:
                break
        found.append((end, lines, filled))
        if wide > page.characters:
            break
    return found


def _cue_cost(words: Sequence[Timed], page: Page) -> Callable[[int, int, int, float], float]:
    """The cost of a cue of ``words[start:end]``, in so many lines of so much width in all."""
    room = page.characters * page.lines
    whole = sum(width(word.text, page.language) for word in words)
    wanted = _EVEN * min(1.0, whole / room)
    inside = [0.0]
    for word in words:
        inside.append(inside[-1] + _inside_cost(word.text))

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


def _inside_cost(text: str) -> float:
    if ends_sentence(text):
        return _SENTENCE_INSIDE
    return _CLAUSE_INSIDE if ends_clause(text) else 0.0


def _cut_cost(words: Sequence[Timed], end: int, language: str) -> float:
    """The cost of a cut before ``words[end]``."""
    if end in {0, len(words)}:
        return 0.0
    before, after = words[end - 1].text, words[end].text
    if ends_sentence(before):
        return 0.0
    if ends_clause(before):
        return _BREAK_AFTER_CLAUSE
    leaning = LEANING.get(language, LEANING["en"])
    bare, following = before.strip(_AROUND).lower(), after.strip(_AROUND).lower()
    capitals = before.lstrip(OPENING)[:1].isupper() and after.lstrip(OPENING)[:1].isupper()
    if bare in TITLES or (capitals and bare not in leaning and language not in CAPITAL_NOUNS):
        return _BREAK_IN_NAME
    if bare in leaning:
        return _BREAK_LEANING
    return _BREAK_BEFORE_LEANING if following in leaning else _BREAK_IN_CLAUSE
