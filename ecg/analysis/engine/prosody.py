"""How loud and how fast each word is said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE, Sound

Levels = NDArray[np.float32] | NDArray[np.float64]
"""dBFS of 10 ms frames."""

HOP = RATE // 100
"""Samples per 10 ms frame."""
FLOOR_DB = -90.0
"""dBFS below which a word's sound counts as not measurable."""
_GATE_DB = 12.0
"""Frames quieter than this below the word's loudest are closures, hiss and pauses: left out,
as they say more about the sounds a word is spelled with than about how loud it is said."""

_SILENT_DB = 20.0
"""Frames so far below a word's loudest are silent."""
_PAUSE = 15
"""Silent frames that are no longer the closure of a plosive."""
_NEXT = 6
"""Frames at a word's end that may be the onset of the next."""


def levels(sound: Sound) -> NDArray[np.float64]:
    """RMS of each 10 ms frame in dBFS (full-scale square wave 0); shape (frames,)."""
    frames = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    power: NDArray[np.float64] = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / HOP
    return 10 * np.log10(power + 1e-12)


def loudness(level: Levels, start: float, end: float) -> float | None:
    """Level in dBFS of what is spoken between ``start`` and ``end`` (seconds within ``level``'s sound):
    the power mean of its frames within 12 dB of the loudest. ``None`` where nothing sounds."""
    inside = level[round(start * 100) : max(round(end * 100), round(start * 100) + 1)]
    if not len(inside) or inside.max() < FLOOR_DB:
        return None
    spoken = inside[inside >= inside.max() - _GATE_DB]
    return float(10 * np.log10(np.mean(10 ** (spoken / 10))))


def ending(level: Levels, start: float, end: float) -> float:
    """When what is spoken between ``start`` and ``end`` is over (seconds within ``level``'s sound):
    earlier than ``end`` where a pause of ``_PAUSE`` or longer follows, which is no part of a word."""
    first = round(start * 100)
    inside = level[first : round(end * 100)]
    if not len(inside) or inside.max() < FLOOR_DB:
        return end
    spoken = np.flatnonzero(inside >= inside.max() - _SILENT_DB)
    before = spoken[spoken < len(inside) - _NEXT]
    after = spoken[spoken >= len(inside) - _NEXT]
    resumed = int(after[0]) if len(after) else len(inside)
    if not len(before) or resumed - before[-1] <= _PAUSE:
        return end
    return (first + int(before[-1]) + 1) / 100


SPAN = 0.625
"""Seconds of speech in which a rate is counted, least at the edges: what listeners judge the rate
of speech by (Pfitzinger 1998, "Local speech rate as a combination of syllable and phone rate")."""


def rates(words: Sequence[tuple[float, float, int]]) -> list[float | None]:
    """Phones per second around the middle of each word of one speaker, who says ``words`` of (start,
    end, phones) in this order, seconds.

    A Hann window of ``SPAN`` weighs the words that lie in it; pauses have no weight, so this is a
    rate of articulation. As phones are counted over neighbours too, and not letters or words, it
    does not tell how long a word is. ``None`` for a word whose phones are not known.
    """
    spans = np.array([(start, end) for start, end, _ in words]).reshape(-1, 2)
    phones = np.array([count for *_, count in words], float)
    length = spans[:, 1] - spans[:, 0]
    known = np.flatnonzero((phones > 0) & (length > 0))
    found: list[float | None] = [None] * len(words)
    for index in known:
        middle = spans[index].mean()
        near = known[(spans[known, 1] > middle - SPAN / 2) & (spans[known, 0] < middle + SPAN / 2)]
        weight = np.diff(_hann((spans[near] - middle) / SPAN), axis=1)[:, 0]
        found[index] = float((weight * phones[near] / length[near]).sum() / weight.sum())
    return found


def _hann(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a Hann window of width 1 around 0 that lies before ``at``."""
    inside = np.clip(at, -0.5, 0.5)
    return inside + 0.5 + np.sin(2 * np.pi * inside) / (2 * np.pi)
