"""How loud each word is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE, Sound

HOP = RATE // 100
"""Samples per 10 ms frame."""
FLOOR_DB = -90.0
"""dBFS below which a word's sound counts as not measurable."""
_GATE_DB = 12.0
"""Frames quieter than this below the word's loudest are closures, hiss and pauses: left out,
as they say more about the sounds a word is spelled with than about how loud it is said."""


def levels(sound: Sound) -> NDArray[np.float64]:
    """RMS of each 10 ms frame in dBFS (full-scale square wave 0); shape (frames,)."""
    frames = sound[: len(sound) // HOP * HOP].reshape(-1, HOP).astype(np.float64)
    return 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)


def loudness(level: NDArray[np.float64], start: float, end: float) -> float | None:
    """Level in dBFS of what is spoken between ``start`` and ``end`` (seconds within ``level``'s sound):
    the power mean of its frames within 12 dB of the loudest. ``None`` where nothing sounds."""
    inside = level[round(start * 100) : max(round(end * 100), round(start * 100) + 1)]
    if not len(inside) or inside.max() < FLOOR_DB:
        return None
    spoken = inside[inside >= inside.max() - _GATE_DB]
    return float(10 * np.log10(np.mean(10 ** (spoken / 10))))
