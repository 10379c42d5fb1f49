"""Captions as other players read them: SRT, VTT, ASS, JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import msgspec
import pysubs2
from pysubs2.formats.webvtt import WebVTTFormat

from ecg.captions.ass import ass_text
from ecg.captions.compose import compose
from ecg.captions.document import encode
from ecg.captions.lines import break_lines, lines_of
from ecg.captions.scenario import Cue, Scenario
from ecg.captions.styles import load_style
from ecg.captions.text import between, language_of, line_room
from ecg.captions.transcript import Transcript

FORMATS = ("srt", "vtt", "ass", "json")

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


def export_captions(
    document: Transcript | Scenario,
    kind: str,
    *,
    words: bool = False,
    size: tuple[int, int] = (1920, 1080),
) -> str:
    """The text of a caption file of ``kind``, one of ``FORMATS``.

    A transcript is paged as the *broadcast* style has it; ``words`` gives one cue per word.
    JSON is the document itself. VTT carries the times of words inside its cues; ASS has the look of
    the style too, for a picture of ``size`` (shown width, height). Hidden words are left out.
    """
    if kind == "json":
        return encode(document).decode()
    if isinstance(document, Transcript):
        language = document.language
        document = compose(document, load_style("broadcast"), size=size)
    else:
        language = language_of(word.text for cue in document.cues for word in cue.words)
    if words:
        document = _by_word(document)
    if kind == "ass":
        return ass_text(document, size)
    file = pysubs2.SSAFile()
    for line in map(_line, document.cues):
        if line.words:
            # players drop a cue that stands for no time at all
            end = max(line.end, line.start + 1)
            file.append(pysubs2.SSAEvent(line.start, end, text=_text(line, language, kind)))
    return file.to_string(kind, keep_ssa_tags=True)


def _by_word(scenario: Scenario) -> Scenario:
    cues = [
        msgspec.structs.replace(
            cue, id=f"{cue.id}-{number}", start=word.start, end=word.end, words=(word,)
        )
        for cue in scenario.cues
        for number, word in enumerate(cue.words, 1)
    ]
    return msgspec.structs.replace(scenario, cues=tuple(cues))


def caption_lines(scenario: Scenario) -> list[tuple[int, int, str]]:
    """What a player shows without any style: (start, end, text) of each cue, in milliseconds,
    lines parted by line feeds. Hidden words are left out."""
    language = language_of(word.text for cue in scenario.cues for word in cue.words)
    limit = line_room(_CHARACTERS, language)
    found: list[tuple[int, int, str]] = []
    for line in map(_line, scenario.cues):
        if line.words:
            before, after = line.marks
            text = "\n".join(lines_of([word.text for word in line.words], language, limit))
            found.append((line.start, max(line.end, line.start + 1), before + text + after))
    return found


def _line(cue: Cue) -> _Line:
    """A line break inside a word would end the cue in the file, so it becomes a space."""
    words = [
        _Word(text, round(word.start * 1000), round(word.end * 1000))
        for word in cue.words
        if (text := " ".join(word.text.split())) and not (word.style and word.style.hidden)
    ]
    return _Line(round(cue.start * 1000), round(cue.end * 1000), words, _MARKS[cue.kind])


def _text(line: _Line, language: str, kind: str) -> str:
    limit = line_room(_CHARACTERS, language)
    texts = [word.text for word in line.words]
    shown = [_escaped(text, kind) for text in texts]
    if kind == "vtt":
        pairs = zip(_stamps(line), shown, strict=True)
        shown = [before + text + after for (before, after), text in pairs]
    before, after = line.marks
    text = ""
    for indices in break_lines(texts, language, limit):
        for index in indices:
            if index:
                first = index == indices[0]
                text += "\\N" if first else between(texts[index - 1], texts[index])
            text += shown[index]
    return before + text + after


def _stamps(line: _Line) -> list[tuple[str, str]]:
    """When each word begins, and when it ends where a pause follows. WebVTT wants these times to
    grow and to lie inside the cue."""
    found: list[tuple[str, str]] = []
    last = line.start
    following = [*(word.start for word in line.words[1:]), line.end]
    for word, until in zip(line.words, following, strict=True):
        stamps: list[str] = []
        for at, limit in ((word.start, line.end), (word.end, min(until, line.end))):
            stamps.append(f"<{WebVTTFormat.ms_to_timestamp(at)}>" if last < at < limit else "")
            last = at if stamps[-1] else last
        found.append((stamps[0], stamps[1]))
    return found


def _escaped(text: str, kind: str) -> str:
    """Text that a format shows as it stands: WebVTT has entities; SRT has no escape, so only what
    would begin a new cue is changed. What pysubs2 itself would read as a line break or a drawing
    must not look like one."""
    text = escape(text, quote=False) if kind == "vtt" else text.replace("-->", "--\u203a")
    return re.sub(r"\\(?=[nNhp])", "\u29f5", text)
