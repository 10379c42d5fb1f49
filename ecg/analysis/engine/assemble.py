"""Words with their measurements → Transcript."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec

from ecg.analysis.engine.pitch import semitones
from ecg.analysis.engine.prosody import rates
from ecg.captions.transcript import (
    Model,
    Note,
    Segment,
    Sound,
    Speaker,
    Timing,
    Transcript,
    Word,
    check_transcript,
)

SHARED = 0.25
"""Seconds of a segment in which somebody else speaks too, from which it is told."""


SHORTEST = 0.03
"""Seconds of a word, least: one phone in three states of 10 ms, the shortest that the aligner finds."""


class Measured(msgspec.Struct):
    """A word on the file's clock (seconds); ``level`` its loudness in dBFS, ``pitch`` its median
    F0 in Hz, ``phones`` how many it has, 0 where not known. ``phrase`` numbers the recogniser's
    segments through the whole file, ``speaker`` those who speak in order of appearance. ``rate`` is
    filled in here."""

    text: str
    start: float
    end: float
    confidence: float
    timing: Timing
    level: float | None
    pitch: float | None
    phrase: int
    speaker: int = 0
    phones: int = 0
    rate: float | None = None


class Voice(msgspec.Struct, frozen=True):
    """A speaker as measured: medians of loudness (dBFS), F0 (Hz) and rate (phones per second)."""

    level: float | None
    pitch: float | None
    rate: float | None
    confidence: float | None


def assemble(  # noqa: PLR0913, PLR0917 - the parts of a transcript
    words: list[Measured],
    notes: list[Note],
    sounds: list[Sound],
    certain: list[float],
    language: str,
    duration: float,
    model: str,
    overlaps: Sequence[tuple[float, float]] = (),
) -> Transcript:
    """The checked transcript: times to the millisecond, in order, inside the file. ``certain``: how
    sure it is of each speaker, 0..1. ``overlaps``: where two speak at once, seconds."""
    voices = [_voice(words, speaker, sure) for speaker, sure in enumerate(certain)]
    segments: list[list[Measured]] = []
    for word in words:
        goes_on = segments and _together(segments[-1][-1], word)
        segments[-1].append(word) if goes_on else segments.append([word])
    told: list[Segment] = []
    times = iter(in_order([(word.start, word.end) for word in words], duration))
    for number, said in enumerate(segments, 1):
        spoken = [_told(word, next(times), voices[word.speaker]) for word in said]
        told.append(_segment(f"g{number}", speaker_id(said[0].speaker), spoken, overlaps))
    spans = ((round(start, 3), round(min(end, duration), 3)) for start, end in overlaps)
    transcript = Transcript(
        version=1,
        language=language if words else "und",
        duration=round(duration, 3),
        model=Model("faster-whisper", model),
        speakers=tuple(
            Speaker(speaker_id(n), _rounded(v.pitch), _rounded(v.level), v.confidence)
            for n, v in enumerate(voices)
        ),
        segments=tuple(told),
        sounds=tuple(sounds),
        notes=(*notes, *(Note("overlap", start, end) for start, end in spans)),
    )
    check_transcript(transcript)
    return transcript


def speaker_id(number: int) -> str:
    """The name of the speaker who appears as number ``number``, from 0."""
    return f"s{number + 1}"


def in_order(spans: Sequence[tuple[float, float]], duration: float) -> list[tuple[float, float]]:
    """Words' times, one after the other and inside the file. What takes no time, as Whisper has it now
    and then, gets ``SHORTEST`` from the silence around it, else from its neighbours."""
    clock = 0.0
    starts: list[float] = []
    ends: list[float] = []
    for start, end in spans:
        starts.append(min(max(start, clock), duration))
        clock = min(max(end, starts[-1]), duration)
        ends.append(clock)
    at = 0
    while at < len(starts):
        beyond = at
        while beyond < len(starts) and ends[beyond] - starts[beyond] < SHORTEST:
            beyond += 1
        if beyond > at:
            _spread(starts, ends, at, beyond, duration)
        at = beyond + 1
    return list(zip(starts, ends, strict=True))


def _spread(starts: list[float], ends: list[float], at: int, beyond: int, duration: float) -> None:
    """Gives the words [at, beyond) their least time."""
    needed = SHORTEST * (beyond - at)
    first, last = starts[at], ends[beyond - 1]
    last = max(last, min(first + needed, starts[beyond] if beyond < len(starts) else duration))
    first = min(first, max(last - needed, ends[at - 1] if at else 0.0))
    if at and last - first < needed:
        first = min(first, max(last - needed, starts[at - 1] + SHORTEST))
        ends[at - 1] = min(ends[at - 1], first)
    if beyond < len(starts) and last - first < needed:
        last = max(last, min(first + needed, ends[beyond] - SHORTEST))
        starts[beyond] = max(starts[beyond], last)
    each = (last - first) / (beyond - at)
    for number in range(at, beyond):
        starts[number] = first + each * (number - at)
        ends[number] = first + each * (number - at + 1)


def _together(before: Measured, word: Measured) -> bool:
    return before.phrase == word.phrase and before.speaker == word.speaker


def _voice(words: list[Measured], speaker: int, sure: float) -> Voice:
    own = [word for word in words if word.speaker == speaker]
    for word, rate in zip(own, rates([(w.start, w.end, w.phones) for w in own]), strict=True):
        word.rate = rate
    return Voice(
        level=_middle([word.level for word in own]),
        pitch=_middle([word.pitch for word in own]),
        rate=_middle([word.rate for word in own]),
        confidence=round(sure, 2),
    )


def _middle(values: list[float | None]) -> float | None:
    """The median of those that are known."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _told(word: Measured, span: tuple[float, float], voice: Voice) -> Word:
    higher = None
    if word.pitch is not None and voice.pitch is not None:
        higher = semitones(word.pitch, voice.pitch)
    return Word(
        text=word.text,
        start=round(span[0], 3),
        end=round(span[1], 3),
        confidence=round(word.confidence, 3),
        timing=word.timing,
        loudness=_rounded(_difference(word.level, voice.level)),
        pitch=_rounded(higher),
        rate=_ratio(word.rate, voice.rate),
    )


def _segment(
    name: str, speaker: str, words: list[Word], overlaps: Sequence[tuple[float, float]]
) -> Segment:
    start, end = words[0].start, words[-1].end
    return Segment(
        id=name,
        start=start,
        end=end,
        speaker=speaker,
        overlap=any(min(end, last) - max(start, first) >= SHARED for first, last in overlaps),
        text=" ".join(word.text for word in words),
        words=tuple(words),
    )


def _difference(level: float | None, middle: float | None) -> float | None:
    return None if level is None or middle is None else level - middle


def _ratio(rate: float | None, middle: float | None) -> float | None:
    return None if rate is None or middle is None else round(rate / middle, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
