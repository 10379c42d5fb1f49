"""What a recogniser writes down that nobody said: text in silence, loops, and text that compresses
as no speech does."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import groupby

from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.pronounce import plain
from ecg.analysis.engine.regions import Window
from ecg.analysis.engine.transcribe import Heard

LONGEST = 8
"""Words in the longest phrase that is looked for as a loop."""
DENSEST = 2.4
"""Compression ratio above which a phrase is not speech, ``compression_ratio_threshold`` of OpenAI's
decoder (Radford et al. 2022, "Robust speech recognition via large-scale weak supervision", 4.5)."""


NEAR = 0.3
"""Seconds from speech within which a word is believed: under music the detector hears a soft word late,
or not at all, that Whisper hears."""


def is_spoken(start: float, end: float, window: Window) -> bool:
    """Whether a span (seconds within the window) touches speech, or nearly does."""
    after, before = (end + NEAR) * RATE, (start - NEAR) * RATE
    return any(first <= after and before <= last for first, last in window.regions)


def believed(words: Sequence[Heard]) -> tuple[list[Heard], list[Heard]]:
    """(words kept, words dropped), both in order: without loops, then without phrases whose text
    still compresses by more than ``DENSEST``."""
    said, dropped = without_loops(words)
    kept: list[Heard] = []
    for _, group in groupby(said, key=lambda word: word.phrase):
        phrase = list(group)
        dense = compression("".join(word.text for word in phrase)) > DENSEST
        (dropped if dense else kept).extend(phrase)
    return kept, sorted(dropped, key=lambda word: word.start)


def compression(text: str) -> float:
    """How many times smaller zlib makes a text: Whisper's compression ratio (of ``text`` in UTF-8,
    openai/whisper ``decoding.py``), but with one byte for each letter whatever its script.

    In UTF-8 a letter of Thai, Hindi or Georgian has three bytes, two of which are always the same:
    what people say there comes to 2.4 to 3.4, and to 1.3 to 1.5 by letters, as English does. 0 for
    no text.
    """
    number = {letter: at for at, letter in enumerate(dict.fromkeys(text))}
    data = bytes(number[letter] % 256 for letter in text)
    return len(data) / len(zlib.compress(data))


def without_loops(words: Sequence[Heard]) -> tuple[list[Heard], list[Heard]]:
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
