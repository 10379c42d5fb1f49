"""Transcript v1: what was said. transcript > segment > word."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ecg.captions.document import check_number, check_span, decode
from ecg.kernel.errors import DocumentInvalid

Timing = Literal["aligned", "estimated", "interpolated"]
Unit = Annotated[float, Meta(ge=0, le=1)]
MAX_TEXT = 500
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
TOLERANCE = 1e-3
"""Seconds by which a time may lie outside what holds it: times are stored to the millisecond."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What heard it: engine ("faster-whisper") and model name ("base")."""

    engine: str
    name: str


class Speaker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``pitch_hz`` the median of the words' F0, ``loudness_db`` of their loudness in dBFS;
    ``None`` where not measured. ``name``: as a script labels the speaker."""

    id: str
    pitch_hz: Annotated[float, Meta(gt=0)] | None
    loudness_db: float | None
    confidence: Unit | None
    name: Text | None = None


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One spoken word with its measurements; ``None`` is "not known", never a default.

    ``loudness``: dB relative to the speaker's median word loudness. ``pitch``: semitones
    relative to the speaker's median F0. ``rate``: ratio to the speaker's median rate.
    ``timing``: *aligned* against the sound, *estimated* by the recogniser, or
    *interpolated* between neighbours.
    """

    text: Text
    start: float
    end: float
    confidence: Unit
    timing: Timing
    loudness: float | None
    pitch: float | None
    rate: float | None


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stretch of one speaker's speech. ``overlap``: someone else speaks meanwhile."""

    id: str
    start: float
    end: float
    speaker: str
    overlap: bool = False
    text: str
    words: tuple[Word, ...]


class Sound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something heard that is not speech: "music", "singing", "applause"."""

    start: float
    end: float
    label: Text
    confidence: Unit


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something dropped or doubted, "hallucination_dropped" or "overlap", and where. Of a script:
    "not_said" (written, and shown all the same), "left_out" (written, and not shown),
    "not_written" (said alone), with the words as ``text``."""

    code: str
    start: float
    end: float
    text: Text | None = None


class Transcript(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``language`` is ISO 639-1 ("und" where nothing was said); ``duration`` in seconds."""

    version: Literal[1]
    language: str
    duration: float
    model: Model
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]
    sounds: tuple[Sound, ...] = ()
    notes: tuple[Note, ...] = ()


DECODER = msgspec.json.Decoder(Transcript)


def read_transcript(data: bytes | str) -> Transcript:
    """Decodes and checks. Raises ``DocumentInvalid`` naming the JSON path."""
    transcript = decode(data, DECODER)
    check_transcript(transcript)
    return transcript


def check_transcript(transcript: Transcript) -> None:
    """Refuses a transcript that breaks an invariant, naming the path.

    Words are ordered, do not overlap within a speaker, and lie inside their segment and
    the file; segments name listed speakers; numbers are finite.
    """
    check_span(0, transcript.duration, "$.duration")
    known = {speaker.id for speaker in transcript.speakers}
    for index, speaker in enumerate(transcript.speakers):
        check_number(speaker.pitch_hz, f"$.speakers[{index}].pitch_hz")
        check_number(speaker.loudness_db, f"$.speakers[{index}].loudness_db")
    last_end: dict[str, float] = {}
    last_start = 0.0
    for index, segment in enumerate(transcript.segments):
        path = f"$.segments[{index}]"
        check_span(segment.start, segment.end, path)
        if segment.speaker not in known:
            raise DocumentInvalid(f'"{segment.speaker}" is not in speakers', f"{path}.speaker")
        if segment.start < last_start:
            raise DocumentInvalid("starts before the segment before it", f"{path}.start")
        last_start = segment.start
        _within(segment.end, transcript.duration, "the file", f"{path}.end")
        last_end[segment.speaker] = _check_words(segment, path, last_end.get(segment.speaker, 0.0))
    for name, spans in (("sounds", transcript.sounds), ("notes", transcript.notes)):
        for index, span in enumerate(spans):
            check_span(span.start, span.end, f"$.{name}[{index}]")
            _within(span.end, transcript.duration, "the file", f"$.{name}[{index}].end")


def _check_words(segment: Segment, path: str, last_end: float) -> float:
    for index, word in enumerate(segment.words):
        at = f"{path}.words[{index}]"
        check_span(word.start, word.end, at)
        if not word.text.strip():
            raise DocumentInvalid("a word must have letters or marks", f"{at}.text")
        for field in ("loudness", "pitch", "rate"):
            check_number(getattr(word, field), f"{at}.{field}")
        if word.start < last_end - TOLERANCE:
            raise DocumentInvalid(
                f"starts at {word.start:g}, before the speaker's last word ends at {last_end:g}",
                f"{at}.start",
            )
        if word.start < segment.start - TOLERANCE:
            raise DocumentInvalid("starts before its segment", f"{at}.start")
        _within(word.end, segment.end, "its segment", f"{at}.end")
        last_end = word.end
    return last_end


def _within(end: float, limit: float, what: str, path: str) -> None:
    if end > limit + TOLERANCE:
        raise DocumentInvalid(f"ends at {end:g}, after {what} ends at {limit:g}", path)
