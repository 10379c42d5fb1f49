"""Who speaks: voices of short windows clustered over the whole file, and each word given to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.regions import Span
from ecg.analysis.engine.voices import SPAN, Voices

Floats = NDArray[np.float32]

HOP = RATE // 2
"""Samples from one window to the next."""
CLOSE = 0.33
"""Mean cosine distance up to which two clusters are one voice."""
MOST = 600
"""Windows clustered at once; of longer files first parts, then the voices found in them."""
SWITCH = 0.6
"""Cost of changing the speaker between two words that touch, in units of similarity; at a pause
of ``PAUSE`` seconds or more a ``LEAST`` part of it."""
PAUSE, LEAST = 0.3, 0.05
REACH = 0.5
"""Seconds from a word's middle at which a window that is centred there counts little."""
SURE = 0.15
"""Difference of similarity between the nearest voices from which a word is certain."""
FEWEST = 3
"""Windows of a voice; fewer are a cough, or two voices in one window."""
_WORDS = 32
"""Words weighed together: of three hours of speech, 5 MB for each of a few matrices."""
ALIKE = 0.8
"""Similarity of windows next to each other within one voice."""


class Voiced(NamedTuple):
    """A window: its middle in seconds of the file, and its voice."""

    middle: float
    voice: Floats


def voiced(voices: Voices, sound: Sound, regions: Sequence[Span], begin: float) -> list[Voiced]:
    """The voices of the speech ``regions`` (samples of ``sound``, which begins at ``begin`` seconds
    of the file)."""
    starts = [start for region in regions for start in _starts(region, len(sound))]
    if not starts:
        return []
    found = voices.embed([sound[start : start + SPAN] for start in starts])
    middle = SPAN / 2 / RATE
    return [
        Voiced(begin + start / RATE + middle, voice)
        for start, voice in zip(starts, found, strict=True)
    ]


def _starts(region: Span, size: int) -> list[int]:
    """Where windows begin that lie in the region; of a short one, one window around it."""
    first, last = region[0], region[1] - SPAN
    if last <= first:
        middle = (region[0] + region[1] - SPAN) // 2
        return [max(0, min(middle, size - SPAN))]
    count = -(-(last - first) // HOP) + 1
    return [round(start) for start in np.linspace(first, last, count)]


def cluster(points: Floats, count: int | None = None) -> NDArray[np.intp]:
    """A label for each voice (rows of length 1): agglomerative, by the mean cosine distance,
    up to ``CLOSE`` or until ``count`` are left."""
    if len(points) <= MOST:
        return _agglomerated(points, np.ones(len(points)), count)
    parts = [np.arange(n, min(n + MOST, len(points))) for n in range(0, len(points), MOST)]
    centres: list[Floats] = []
    weights: list[float] = []
    of = np.zeros(len(points), np.intp)
    for part in parts:
        labels = _agglomerated(points[part], np.ones(len(part)), None)
        of[part] = labels + len(centres)
        for label in range(labels.max() + 1):
            inside = points[part][labels == label]
            centres.append(unit(inside.mean(axis=0)))
            weights.append(float(len(inside)))
    return _agglomerated(np.stack(centres), np.array(weights), count)[of]


def _agglomerated(
    points: Floats, weights: NDArray[np.float64], count: int | None
) -> NDArray[np.intp]:
    size = len(points)
    labels = np.arange(size)
    distance = 1 - points.astype(np.float64) @ points.T.astype(np.float64)
    np.fill_diagonal(distance, np.inf)
    weight = weights.astype(np.float64).copy()
    left = size
    while left > (count or 1):
        one, other = np.unravel_index(np.argmin(distance), distance.shape)
        nearest = distance[one, other]
        if count is None and nearest > CLOSE:
            break
        both = weight[one] + weight[other]
        merged = (weight[one] * distance[one] + weight[other] * distance[other]) / both
        distance[one], distance[:, one] = merged, merged
        distance[one, one] = np.inf
        distance[other], distance[:, other] = np.inf, np.inf
        weight[one] = both
        labels[labels == other] = one
        left -= 1
    return np.unique(labels, return_inverse=True)[1]


def unit(vector: Floats) -> Floats:
    return (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)


def speakers_of(
    windows: Sequence[Voiced], words: Sequence[tuple[float, float]], count: int | None = None
) -> tuple[list[int], list[float]]:
    """(who says each word, how sure it is of each speaker), for words of (start, end) in seconds.
    Speakers are numbered from 0 in order of appearance; sureness is 0..1. ``count``: how many there
    are, where that is known."""
    if not words:
        return [], []
    if not windows or count == 1:
        return [0] * len(words), [1.0]
    middles = np.array([window.middle for window in windows])
    voices = np.stack([window.voice for window in windows])
    centres = find_voices(middles, voices, count)
    like = similarities(middles, voices @ centres.T, words)
    path = np.array(follow(like, words))
    who = list(dict.fromkeys(path.tolist()))
    order = {label: place for place, label in enumerate(who)}
    return [order[label] for label in path.tolist()], [_sure(like[path == one], one) for one in who]


def _sure(like: NDArray[np.float64], one: int) -> float:
    """By how much words sound more like this voice than like the next, over what is enough."""
    if like.shape[1] == 1:
        return 1.0
    others = np.delete(like, one, axis=1).max(axis=1)
    return float(np.clip((like[:, one] - others) / SURE, 0, 1).mean())


def find_voices(middles: NDArray[np.float64], voices: Floats, count: int | None) -> Floats:
    """The voices that are there, one a row, of length 1."""
    alone = voices[steady(middles, voices)]
    if len(alone) < (count or 1):
        alone = voices
    labels = cluster(alone, count)
    sizes = np.bincount(labels)
    least = 1 if count else FEWEST
    keep = [label for label in range(len(sizes)) if sizes[label] >= least] or [int(sizes.argmax())]
    return np.stack([unit(alone[labels == label].mean(axis=0)) for label in keep])


def steady(middles: NDArray[np.float64], voices: Floats) -> NDArray[np.bool_]:
    """Which windows hold one voice alone: those like the ones before and after them."""
    near: NDArray[np.float32] = np.einsum("ij,ij->i", voices[:-1], voices[1:])
    near[np.diff(middles) > 2 * HOP / RATE] = 1
    before, after = np.concatenate(([1.0], near)), np.concatenate((near, [1.0]))
    return np.minimum(before, after) >= np.float32(ALIKE)


def similarities(
    middles: NDArray[np.float64], near: Floats, words: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    """How like each voice each word sounds; (words, voices)."""
    at = np.array([(start + end) / 2 for start, end in words])
    parts = (at[first : first + _WORDS, None] for first in range(0, len(at), _WORDS))
    return np.concatenate([_similarities(middles, near, part) for part in parts])


def _similarities(
    middles: NDArray[np.float64], near: Floats, at: NDArray[np.float64]
) -> NDArray[np.float64]:
    away = np.abs(at - middles)
    weight = np.exp(-0.5 * (away / (REACH / 2)) ** 2)
    weight[np.arange(len(at)), away.argmin(axis=1)] += 1e-6
    return (weight @ near) / weight.sum(axis=1, keepdims=True)


def follow(like: NDArray[np.float64], words: Sequence[tuple[float, float]]) -> list[int]:
    """The likeliest speakers in a row (Viterbi), who change rather at a pause than amid a phrase."""
    count = like.shape[1]
    best, steps = like[0].copy(), np.zeros((len(words), count), np.intp)
    for index in range(1, len(words)):
        pause = max(0.0, words[index][0] - words[index - 1][1])
        cost = SWITCH * max(LEAST, 1 - pause / PAUSE)
        change = best.max() - cost
        steps[index] = range(count)
        steps[index, best < change] = best.argmax()
        best = np.maximum(best, change) + like[index]
    path = [int(best.argmax())]
    for index in range(len(words) - 1, 0, -1):
        path.append(int(steps[index][path[-1]]))
    return path[::-1]
