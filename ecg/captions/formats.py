"""Captions as other players read them: SRT, VTT, JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import msgspec
import pysubs2
from pysubs2.formats.webvtt import WebVTTFormat

from ecg.captions.document import encode
from ecg.captions.scenario import Cue, CueWord, Scenario
from ecg.captions.text import CJK, CJK_RATIO, language_of, lines_of
from ecg.captions.transcript import Transcript

FORMATS = ("srt", "vtt", "json")

_CHARACTERS = 42
"""Characters of a line where the player, not the style, breaks it (Netflix)."""


class _Line(msgspec.Struct, frozen=True):
    start: float
    end: float
    words: Sequence[CueWord]
    around: tuple[str, str] = ("", "")


def export_captions(document: Transcript | Scenario, kind: str, *, words: bool = False) -> str:
    """The text of a caption file of ``kind``, one of ``FORMATS``.

    A transcript gives one cue per segment, a scenario its cues; ``words`` gives one cue per
    word. JSON is the document itself. VTT carries the time of each word inside its cue.
    """
    if kind == "json":
        return encode(document).decode()
    lines = _segments(document) if isinstance(document, Transcript) else _cues(document)
    if words:
        lines = [
            msgspec.structs.replace(line, start=word.start, end=word.end, words=(word,))
            for line in lines
            for word in line.words
        ]
    language = language_of(word.text for line in lines for word in line.words)
    file = pysubs2.SSAFile()
    for line in lines:
        text = _text(line, language, kind, timed=kind == "vtt" and not words)
        file.append(pysubs2.SSAEvent(round(line.start * 1000), round(line.end * 1000), text=text))
    return file.to_string(kind, keep_ssa_tags=True)


def _segments(transcript: Transcript) -> list[_Line]:
    return [
        _Line(
            segment.start,
            segment.end,
            [
                CueWord(text=w.text, start=w.start, end=w.end, loudness=None, pitch=None)
                for w in segment.words
            ],
        )
        for segment in transcript.segments
        if segment.words
    ]


def _cues(scenario: Scenario) -> list[_Line]:
    shown = [(cue, _shown(cue)) for cue in scenario.cues]
    marks = {"speech": ("", ""), "sound": ("[", "]"), "music": ("♫ ", " ♫")}
    return [_Line(cue.start, cue.end, words, marks[cue.kind]) for cue, words in shown if words]


def _shown(cue: Cue) -> list[CueWord]:
    return [word for word in cue.words if not (word.style and word.style.hidden)]


def _text(line: _Line, language: str, kind: str, *, timed: bool) -> str:
    limit = round(_CHARACTERS * (CJK_RATIO if language in CJK else 1.0))
    broken = lines_of([word.text for word in line.words], language, limit)
    if timed:
        broken = _with_times(broken, line.words)
    before, after = line.around
    return before + "\\N".join(text if timed else _escaped(text, kind) for text in broken) + after


def _with_times(broken: Sequence[str], words: Sequence[CueWord]) -> list[str]:
    """The same lines with each word but the first led by its time, as WebVTT has it."""
    left = list(words)
    lines: list[str] = []
    for text in broken:
        rest, line = text, ""
        while rest:
            word = left.pop(0)
            spaced = rest.startswith(" ")
            rest = rest.lstrip(" ").removeprefix(word.text)
            first = len(left) + 1 == len(words)
            mark = "" if first else f"<{WebVTTFormat.ms_to_timestamp(round(word.start * 1000))}>"
            line += f"{' ' if spaced else ''}{mark}{_escaped(word.text, 'vtt')}"
        lines.append(line)
    return lines


def _escaped(text: str, kind: str) -> str:
    """Text that a format shows as it stands: WebVTT has entities; the others have no escape,
    and only what pysubs2 itself would read as a line break must not look like one."""
    if kind == "vtt":
        text = escape(text, quote=False)
    return re.sub(r"\\(?=[nNh])", "\u29f5", text)
