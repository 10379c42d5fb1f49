"""Captions as other players read them: SRT, VTT, JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import msgspec
import pysubs2
from pysubs2.formats.webvtt import WebVTTFormat

from ecg.captions.compose import compose
from ecg.captions.document import encode
from ecg.captions.scenario import Cue, Scenario
from ecg.captions.styles import load_style
from ecg.captions.text import between, break_lines, language_of, line_room
from ecg.captions.transcript import Transcript

FORMATS = ("srt", "vtt", "json")

_CHARACTERS = 42
"""Characters of a line where the player, not the style, breaks it (Netflix)."""

_MARKS = {"speech": ("", ""), "sound": ("[", "]"), "music": ("♫ ", " ♫")}


class _Word(msgspec.Struct, frozen=True):
    text: str
    start: int
    end: int


class _Line(msgspec.Struct, frozen=True):
    """Times in milliseconds; ``marks`` stand before and after the text."""

    start: int
    end: int
    words: Sequence[_Word]
    marks: tuple[str, str]


def export_captions(document: Transcript | Scenario, kind: str, *, words: bool = False) -> str:
    """The text of a caption file of ``kind``, one of ``FORMATS``.

    A transcript is paged as the *broadcast* style has it; ``words`` gives one cue per word.
    JSON is the document itself. VTT carries the time of each word inside its cue. Hidden words
    are left out.
    """
    if kind == "json":
        return encode(document).decode()
    if isinstance(document, Transcript):
        language = document.language
        document = compose(document, load_style("broadcast"))
    else:
        language = language_of(word.text for cue in document.cues for word in cue.words)
    lines = [_line(cue) for cue in document.cues]
    if words:
        lines = [
            _Line(word.start, word.end, (word,), line.marks)
            for line in lines
            for word in line.words
        ]
    file = pysubs2.SSAFile()
    for line in lines:
        if line.words:
            text = _text(line, language, kind, timed=kind == "vtt" and not words)
            # players drop a cue that stands for no time at all
            end = max(line.end, line.start + 1)
            file.append(pysubs2.SSAEvent(line.start, end, text=text))
    return file.to_string(kind, keep_ssa_tags=True)


def _line(cue: Cue) -> _Line:
    """A line break inside a word would end the cue in the file, so it becomes a space."""
    words = [
        _Word(text, round(word.start * 1000), round(word.end * 1000))
        for word in cue.words
        if (text := " ".join(word.text.split())) and not (word.style and word.style.hidden)
    ]
    return _Line(round(cue.start * 1000), round(cue.end * 1000), words, _MARKS[cue.kind])


def _text(line: _Line, language: str, kind: str, *, timed: bool) -> str:
    limit = line_room(_CHARACTERS, language)
    broken = break_lines([word.text for word in line.words], language, limit)
    before, after = line.marks
    shown = (_shown(line, indices, kind, timed=timed) for indices in broken)
    return before + "\\N".join(shown) + after


def _shown(line: _Line, indices: Sequence[int], kind: str, *, timed: bool) -> str:
    """The words of a line, each led by its time where ``timed``: WebVTT wants such times to
    grow and to lie inside the cue."""
    text = ""
    for index in indices:
        word = line.words[index]
        if index > indices[0]:
            text += between(line.words[index - 1].text, word.text)
        earlier = max((other.start for other in line.words[:index]), default=line.start)
        if timed and max(earlier, line.start) < word.start < line.end:
            text += f"<{WebVTTFormat.ms_to_timestamp(word.start)}>"
        text += _escaped(word.text, kind)
    return text


def _escaped(text: str, kind: str) -> str:
    """Text that a format shows as it stands: WebVTT has entities; SRT has no escape, so only
    what would begin a new cue is changed. What pysubs2 itself would read as a line break or a
    drawing must not look like one."""
    text = escape(text, quote=False) if kind == "vtt" else text.replace("-->", "--\u203a")
    return re.sub(r"\\(?=[nNhp])", "\u29f5", text)
