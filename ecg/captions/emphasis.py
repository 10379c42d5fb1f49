"""Which words stand out, told from how loud, how slow and how high they are said."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ecg.captions.text import ends_clause, ends_sentence
from ecg.captions.transcript import Transcript, Word

LOUDNESS, SLOWNESS, PITCH = 0.5, 0.3, 0.2
"""Weights of the three, in the order in which they tell prominence in read and spoken English."""

STEPS = (2.5, 0.25, 2.0)
"""The least that counts as one deviation: dB, octaves of rate, semitones. A voice that hardly varies
would otherwise have its chance differences taken for emphasis."""

NEAR = 2
"""Words on either side that a word is compared with."""

PAUSE = 0.25
"""Seconds of silence before which a word is drawn out whatever it means."""

LEAST, FULL = 0.4, 2.0
"""Deviations above the neighbours at which emphasis begins, and from which it is 1."""

FEWEST = 5
"""Words of a speaker without which nothing is known of how they usually speak."""

Emphasis = Mapping[tuple[str, float], float]
"""0..1 by speaker and start of the word; a word that is not there is not known."""


def emphases(transcript: Transcript) -> Emphasis:
    """How much each word stands out from those around it, 0 to 1.

    Prominence is louder, longer and higher (Fry 1958; Kochanski et al. 2005, "Loudness predicts
    prominence: fundamental frequency lends little", whose order the weights keep). Each measure is
    divided by its deviation over the speaker's words, so that it has no unit,

        z = 0.5 · loudness / σ(loudness) - 0.3 · log2(rate) / σ(log2 rate) + 0.2 · pitch / σ(pitch)

    and a word's emphasis is how far its z lies above the mean of the two words before and after:

        emphasis = clamp((z - mean of neighbours' z - 0.4) / 1.6, 0, 1)

    What is not measured is left out and the other weights are raised in proportion; without
    loudness, or with loudness alone, emphasis is not known. The rate of a word before a pause or the
    end of a clause is left out too: it is drawn out there in any case (Wightman et al. 1992).
    """
    said: defaultdict[str, list[Word]] = defaultdict(list)
    for segment in transcript.segments:
        said[segment.speaker] += segment.words
    return {
        (speaker, word.start): value
        for speaker, words in said.items()
        if len(words) >= FEWEST
        for word, value in zip(words, _emphases(words), strict=True)
        if value is not None
    }


def _emphases(words: Sequence[Word]) -> list[float | None]:
    slow = _slowness(words)
    loud, high = [word.loudness for word in words], [word.pitch for word in words]
    measured = (loud, slow, high)
    sizes = [_deviation(values, step) for values, step in zip(measured, STEPS, strict=True)]
    heights = [_height(one, sizes) for one in zip(*measured, strict=True)]
    found: list[float | None] = []
    for index, height in enumerate(heights):
        around = heights[max(0, index - NEAR) : index] + heights[index + 1 : index + 1 + NEAR]
        known = [one for one in around if one is not None]
        if height is None or not known:
            found.append(None)
        else:
            above = height - sum(known) / len(known)
            found.append(round(min(max((above - LEAST) / (FULL - LEAST), 0.0), 1.0), 2))
    return found


def _slowness(words: Sequence[Word]) -> list[float | None]:
    """In octaves below the speaker's usual rate."""
    lasts = [
        after.start - word.end >= PAUSE or ends_clause(word.text) or ends_sentence(word.text)
        for word, after in pairwise(words)
    ]
    lasts.append(True)
    return [
        None if last or not word.rate else -math.log2(word.rate)
        for word, last in zip(words, lasts, strict=True)
    ]


def _deviation(values: Sequence[float | None], least: float) -> float:
    """Root mean square: the values are counted from the speaker's median."""
    known = [value for value in values if value is not None]
    return max(least, math.sqrt(sum(value**2 for value in known) / max(len(known), 1)))


def _height(measured: Sequence[float | None], sizes: Sequence[float]) -> float | None:
    known = [
        (weight, value / size)
        for weight, value, size in zip((LOUDNESS, SLOWNESS, PITCH), measured, sizes, strict=True)
        if value is not None
    ]
    if measured[0] is None or len(known) == 1:
        return None
    return sum(weight * z for weight, z in known) / sum(weight for weight, _ in known)
