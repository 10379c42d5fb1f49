"""Words with their measurements → Transcript."""

from __future__ import annotations

import statistics

import msgspec

from ecg.captions.transcript import (
    Model,
    Note,
    Segment,
    Speaker,
    Timing,
    Transcript,
    Word,
    check_transcript,
)

SPEAKER = "s1"


class Measured(msgspec.Struct):
    """A word on the file's clock (seconds); ``level`` its loudness in dBFS. ``phrase`` numbers
    the recogniser's segments through the whole file."""

    text: str
    start: float
    end: float
    confidence: float
    timing: Timing
    level: float | None
    phrase: int


def assemble(
    words: list[Measured], notes: list[Note], language: str, duration: float, model: str
) -> Transcript:
    """The checked transcript: times to the millisecond, in order, inside the file."""
    levels = [word.level for word in words if word.level is not None]
    middle = statistics.median(levels) if levels else None
    phrases: dict[int, list[Word]] = {}
    end = 0.0
    for word in words:
        told = _told(word, end, duration, middle)
        phrases.setdefault(word.phrase, []).append(told)
        end = told.end
    transcript = Transcript(
        version=1,
        language=language if words else "und",
        duration=round(duration, 3),
        model=Model("faster-whisper", model),
        speakers=(Speaker(SPEAKER, None, _rounded(middle), None),) if words else (),
        segments=tuple(_segment(f"g{i}", said) for i, said in enumerate(phrases.values(), 1)),
        notes=tuple(notes),
    )
    check_transcript(transcript)
    return transcript


def _told(word: Measured, last_end: float, duration: float, middle: float | None) -> Word:
    start = min(max(word.start, last_end), duration)
    return Word(
        text=word.text,
        start=round(start, 3),
        end=round(min(max(word.end, start), duration), 3),
        confidence=round(word.confidence, 3),
        timing=word.timing,
        loudness=_rounded(_difference(word.level, middle)),
        pitch=None,
        rate=None,
    )


def _segment(name: str, words: list[Word]) -> Segment:
    return Segment(
        id=name,
        start=words[0].start,
        end=words[-1].end,
        speaker=SPEAKER,
        text=" ".join(word.text for word in words),
        words=tuple(words),
    )


def _difference(level: float | None, middle: float | None) -> float | None:
    return None if level is None or middle is None else level - middle


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
