"""Words that an editor changed, timed and measured anew in their window of the sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecg.analysis.engine.align import LONE
from ecg.analysis.engine.decode import RATE, decode, stretches
from ecg.analysis.engine.pitch import contour, pitch, semitones
from ecg.analysis.engine.prosody import ending, levels, loudness
from ecg.analysis.engine.search import Step, entry, search
from ecg.analysis.interfaces import Realigned, RealignedWord, RealignOrder
from ecg.media.info import VIDEO_LIMITS, VideoLimits

QUIET = RATE // 4
"""Samples of silence put around the window, which the search needs as a beginning and an end."""

Spans = list[tuple[float, float] | None]


def realign(order: RealignOrder, limits: VideoLimits = VIDEO_LIMITS) -> Realigned:
    """``AnalysisEngine.realign`` holds the contract."""
    job = order.job
    window = (round(job.start * RATE), round(job.end * RATE))
    sound = next(stretches(decode(Path(order.source), 0, limits), [window]))
    length = len(sound) / RATE
    around = np.zeros(QUIET, np.float32)
    names = [entry(word, job.language == "en") for word in job.words]
    found = search(
        np.concatenate((around, sound, around)), [Step((name,)) for name in names if name]
    )
    spans = _spans(names, [each.spans[0] for each in found], length)
    level, f0 = levels(sound), contour(sound)
    words: list[RealignedWord] = []
    for text, span, (start, end) in zip(job.words, spans, _filled(spans, length), strict=True):
        loud = loudness(level, start, end) if span else None
        tone = pitch(f0, start, end) if span else None
        over = ending(level, start, end) if span else end
        words.append(
            RealignedWord(
                text=text,
                start=round(job.start + start, 3),
                end=round(job.start + over, 3),
                timing="aligned" if span else "interpolated",
                loudness=None if loud is None or job.level is None else round(loud - job.level, 1),
                pitch=(
                    None
                    if tone is None or job.pitch_hz is None
                    else round(semitones(tone, job.pitch_hz), 1)
                ),
            )
        )
    return Realigned(words)


def _spans(
    names: Sequence[str | None], found: Sequence[tuple[float, float]], length: float
) -> Spans:
    """Where each name was found, within the window."""
    given = iter(found)
    spans: Spans = []
    for name in names:
        span = next(given, None) if name else None
        quiet = QUIET / RATE
        inside = span and (span[0] - quiet, span[1] - quiet)
        spans.append(
            (min(max(0.0, inside[0]), length), min(max(0.0, inside[1]), length)) if inside else None
        )
    return spans


def _filled(spans: Spans, length: float) -> list[tuple[float, float]]:
    """With times for the others: they share the gap between their neighbours."""
    filled: list[tuple[float, float]] = []
    for index, span in enumerate(spans):
        if span is None:
            rest = spans[index:]
            waiting = next((n for n, other in enumerate(rest) if other), len(rest))
            following = rest[waiting] if waiting < len(rest) else None
            begin = filled[-1][1] if filled else 0.0
            share = max(0.0, (following[0] if following else length) - begin) / waiting
            none_found = not any(spans)
            filled.append((begin, begin + (share if none_found else min(share, LONE))))
        else:
            filled.append(span)
    return filled
