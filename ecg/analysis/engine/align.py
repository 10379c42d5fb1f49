"""When exactly each word is said: pocketsphinx finds the text's own sounds in the signal.

Whisper's word times come from its attention and are off by 0.1 s and more; a forced alignment
(Viterbi over the acoustic model's states, the words given) is within 10 ms on clean speech.
"""

from __future__ import annotations

import statistics
from typing import NamedTuple

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.search import Step, entry, search
from ecg.analysis.engine.transcribe import Heard
from ecg.captions.transcript import Timing

MOST = 0.8
"""Share of the words that must have a sound; with fewer, what lies between is a guess."""
ASTRAY = 0.7
"""Median distance in seconds from Whisper's own times at which the alignment is not believed."""
LONE = 0.5
"""Longest time in seconds given to a word that has no sound of its own."""


class Timed(NamedTuple):
    """Seconds within the window; ``phones``: how many were found there, 0 where not known."""

    start: float
    end: float
    timing: Timing
    phones: int = 0


def align(sound: Sound, words: list[Heard], language: str) -> list[Timed]:
    """When each word is said, in order.

    A word without a sound of its own (a lone sign) shares the gap between its neighbours.
    The acoustic model is English; words of other languages are sought by English sounds
    near theirs. Where a script does not tell its sounds or the text does not fit, the
    recogniser's own times stand. Words that it has aligned itself are left.
    """
    if any(word.timing == "aligned" for word in words):
        return [Timed(word.start, word.end, word.timing) for word in words]
    spans = _fit(sound, [entry(word.text, language == "en") for word in words])
    found = [(span, word) for span, word in zip(spans, words, strict=False) if span]
    off = [abs(span.start - word.start) for span, word in found if word.timing == "estimated"]
    astray = off and statistics.median(off) > ASTRAY
    if not found or len(found) < MOST * len(words) or astray:
        return [Timed(word.start, word.end, word.timing) for word in words]
    return interpolated(spans, 0.0, len(sound) / RATE)


def interpolated(spans: list[Timed | None], begin: float, end: float) -> list[Timed]:
    """``spans`` in order, those that lack spread over the gaps between ``begin`` and ``end``."""
    timed: list[Timed] = []
    for index, span in enumerate(spans):
        if span is not None:
            timed.append(span)
        else:
            waiting = next((i for i in range(index, len(spans)) if spans[i]), len(spans))
            following = spans[waiting] if waiting < len(spans) else None
            before = timed[-1].end if timed else begin
            share = ((following.start if following else end) - before) / (waiting - index)
            timed.append(Timed(before, before + min(share, LONE), "interpolated"))
    return timed


def _fit(sound: Sound, names: list[str | None]) -> list[Timed | None]:
    """Spans of the names in ``sound``; empty where they do not fit."""
    text = [name for name in names if name]
    found = search(sound, [Step((name,)) for name in text])
    given = (Timed(*each.spans[0], "aligned", each.phones[0]) for each in found)
    return [next(given) if name else None for name in names] if found else []
