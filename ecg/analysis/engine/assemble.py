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
    end = 0.0
    for number, said in enumerate(segments, 1):
        spoken: list[Word] = []
        for word in said:
            spoken.append(_told(word, end, duration, voices[word.speaker]))
            end = spoken[-1].end
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


def _told(word: Measured, last_end: float, duration: float, voice: Voice) -> Word:
    start = min(max(word.start, last_end), duration)
    higher = None
    if word.pitch is not None and voice.pitch is not None:
        higher = semitones(word.pitch, voice.pitch)
    return Word(
        text=word.text,
        start=round(start, 3),
        end=round(min(max(word.end, start), duration), 3),
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
