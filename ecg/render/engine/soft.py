"""Captions as a track of their own, which a player shows or hides: ``mov_text`` in MP4."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
from av.subtitles.subtitle import SubtitleSet

from ecg.captions.formats import caption_lines
from ecg.captions.languages import long_code
from ecg.captions.scenario import Scenario
from ecg.captions.text import language_of

_MILLISECOND = Fraction(1, 1000)
_OWN_LETTERS = frozenset({"ko", "ja", "zh"})

PLAIN = b"""[Script Info]
PlayResX: 384
PlayResY: 288
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, BackColour, Bold, Italic, Underline, Alignment
Style: Default,Arial,18,&Hffffff,&H0,0,0,0,2
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""The look of text that has none of its own, in ASS, which FFmpeg's encoders take."""


class Line(msgspec.Struct, frozen=True):
    """``text``, in ASS's markup, from ``start`` up to ``end``, in whole milliseconds."""

    start: int
    end: int
    text: str


class Track(msgspec.Struct, frozen=True):
    """A caption track. ``language`` is of ISO 639-2."""

    lines: tuple[Line, ...]
    language: str


def track_of(scenario: Scenario, language: str, origin: Fraction) -> Track:
    """The captions of ``scenario``, whose time 0 is at ``origin`` seconds of the file.

    Where the ``language`` is not known, letters that are used by one alone tell it.
    """
    late = round(origin * 1000)
    lines = tuple(
        Line(start + late, end + late, marked(text)) for start, end, text in caption_lines(scenario)
    )
    if not language:
        told = language_of(word.text for cue in scenario.cues for word in cue.words)
        language = told if told in _OWN_LETTERS else ""
    return Track(lines, long_code(language))


def add_track(output: Any, track: Track) -> Iterator[tuple[Fraction, Any]]:
    """Adds ``track`` to ``output`` as ``add_captions`` does: its packets, and when each is due."""
    stream, packets = add_captions(output, track.lines)
    stream.metadata["language"] = track.language
    return ((packet.dts * packet.time_base, packet) for packet in packets)


def marked(text: str) -> str:
    """Plain text in ASS's markup, which has no way to write a backslash but to part it from
    what follows."""
    text = text.replace("{\\", "{\N{WORD JOINER}\\")  # else it would begin an instruction
    return text.replace("\\", "\\\N{WORD JOINER}").replace("\n", "\\N")


def add_captions(
    output: Any, lines: Iterable[Line], header: bytes = PLAIN
) -> tuple[Any, list[Any]]:
    """Adds a caption track to ``output``, an MP4 that is not yet begun: the stream, and its
    packets in order of time. ``header`` is the look, in ASS."""
    stream = output.add_stream("mov_text")
    stream.time_base = stream.codec_context.time_base = _MILLISECOND
    stream.codec_context.subtitle_header = header
    return stream, [_packet(stream, line) for line in apart(lines)]


def apart(lines: Iterable[Line]) -> list[Line]:
    """The same captions with one at a time: where several stand at once their texts stand
    together, the earliest on top. A track of MP4 holds nothing that overlaps."""
    coming = deque(sorted((line for line in lines if line.start < line.end), key=_start))
    edges = sorted({edge for line in coming for edge in (line.start, line.end)})
    found: list[Line] = []
    standing: list[Line] = []
    for start, end in pairwise(edges):
        standing = [line for line in standing if line.end > start]
        while coming and coming[0].start == start:
            standing.append(coming.popleft())
        if standing:
            found.append(Line(start, end, "\\N".join(line.text for line in standing)))
    return found


def _start(line: Line) -> int:
    return line.start


def _packet(stream: Any, line: Line) -> Any:
    event = f"0,0,Default,,0,0,0,,{line.text}".encode()
    length = line.end - line.start
    packet: Any = stream.codec_context.encode_subtitle(SubtitleSet.create(event, 0, length))
    packet.stream = stream
    packet.time_base = _MILLISECOND
    packet.pts = packet.dts = line.start
    packet.duration = length
    return packet
