"""What a recogniser writes down that nobody said: text in silence, and loops."""

from __future__ import annotations

from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.pronounce import plain
from ecg.analysis.engine.regions import Window
from ecg.analysis.engine.transcribe import Heard

LONGEST = 8
"""Words in the longest phrase that is looked for as a loop."""


def is_spoken(start: float, end: float, window: Window) -> bool:
    """Whether a span (seconds within the window) touches speech at all."""
    return any(first <= end * RATE and start * RATE <= last for first, last in window.regions)


def without_loops(words: list[Heard]) -> tuple[list[Heard], list[Heard]]:
    """(words kept, words dropped). A loop is a word said 8 times running or a phrase of up to
    8 words said 4 times running; its first saying is kept."""
    said = [plain(word.text) for word in words]
    kept: list[Heard] = []
    dropped: list[Heard] = []
    at = 0
    while at < len(words):
        size, times = _loop(said, at)
        kept += words[at : at + size]
        dropped += words[at + size : at + size * times]
        at += size * times
    return kept, dropped


def _loop(said: list[str], at: int) -> tuple[int, int]:
    """(words, times) of the loop that begins at ``at``; (1, 1) where none does."""
    for size in range(1, LONGEST + 1):
        phrase, times = said[at : at + size], 1
        while said[at + size * times : at + size * (times + 1)] == phrase:
            times += 1
        if times >= (8 if size == 1 else 4):
            return size, times
    return 1, 1
