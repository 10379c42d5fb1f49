"""How high the voice is: the fundamental frequency (F0) by swift-f0."""

from __future__ import annotations

import functools
import math
from typing import Any, cast

import numpy as np
import swift_f0
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.prosody import HOP

LOWEST, HIGHEST = 60.0, 600.0
"""Hz: from a deep man's voice to a child's."""
VOICED = 0.5
"""Confidence from which the model calls a frame voiced."""
LEAST = 5
"""Voiced frames without which a word's pitch is not known."""


def contour(sound: Sound) -> NDArray[np.float32]:
    """F0 in Hz of each 10 ms frame, 0 where nothing is voiced; shape (len(sound) // 160,)."""
    frames = len(sound) // HOP
    if not frames:
        return np.zeros(0, np.float32)
    found = _model().detect(sound, RATE, LOWEST, HIGHEST)
    # the model's frames are 16 ms apart; the nearest one stands for each of ours
    middles = (np.arange(frames) + 0.5) * HOP / RATE
    nearest = np.rint(middles / swift_f0.FRAME_PERIOD).astype(int)
    nearest = np.clip(nearest, 0, len(found.pitch_hz) - 1)
    voiced = found.confidence[nearest] >= VOICED
    return np.where(voiced, found.pitch_hz[nearest], 0).astype(np.float32)


def pitch(f0: NDArray[np.float32], start: float, end: float) -> float | None:
    """The median F0 in Hz between ``start`` and ``end`` (seconds within ``f0``'s sound)."""
    inside = f0[round(start * 100) : round(end * 100)]
    voiced = inside[inside > 0]
    return float(np.median(voiced)) if len(voiced) >= LEAST else None


def semitones(pitch_hz: float, reference: float) -> float:
    """How much higher ``pitch_hz`` is than ``reference``; 12 to the octave."""
    return 12 * math.log2(pitch_hz / reference)


@functools.lru_cache(maxsize=1)
def _model() -> Any:
    # one thread that sleeps between calls: the recogniser has the processor
    return cast("Any", swift_f0).SwiftF0(threads=1, spin=False)
