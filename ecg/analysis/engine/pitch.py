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
VOICED = 0.4
"""The model's confidence from which a frame is voiced: where as many frames are called voiced wrongly
as are missed, by Praat asked twice (docs/decisions/0043)."""
LEAST = 5
"""Voiced frames without which a word's pitch is not known."""
_BLOCK = 4 * RATE
"""Samples heard at once: half a minute takes 180 MB, which the model's memory pool then keeps."""


def contour(sound: Sound) -> NDArray[np.float32]:
    """F0 in Hz of each 10 ms frame, 0 where nothing is voiced; shape (len(sound) // 160,)."""
    frames = len(sound) // HOP
    if not frames:
        return np.zeros(0, np.float32)
    hertz, confidence = _heard(sound)
    # the model's frames are 16 ms apart; the nearest one stands for each of ours
    middles = (np.arange(frames) + 0.5) * HOP / RATE
    nearest = np.rint(middles / swift_f0.FRAME_PERIOD).astype(int)
    nearest = np.clip(nearest, 0, len(hertz) - 1)
    return np.where(confidence[nearest] >= VOICED, hertz[nearest], 0).astype(np.float32)


def _heard(sound: Sound) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F0 in Hz and confidence of the model's frames, block by block, to the same as at once."""
    stream = _model().stream(LOWEST, HIGHEST)
    parts = [stream.push(sound[at : at + _BLOCK], RATE) for at in range(0, len(sound), _BLOCK)]
    parts.append(stream.flush())
    return (
        np.concatenate([part.pitch_hz for part in parts]),
        np.concatenate([part.confidence for part in parts]),
    )


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
