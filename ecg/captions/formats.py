"""Captions as other players read them: SRT, VTT, ASS, JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import msgspec
import pysubs2
from pysubs2.formats.webvtt import WebVTTFormat

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


def export_captions(document: Transcript | Scenario, kind: str, *, words: bool = False) -> str:
    """The text of a caption file of ``kind``, one of ``FORMATS``.

    A transcript is paged as the *broadcast* style has it; ``words`` gives one cue per word.
    JSON is the document itself. VTT carries the time of each word inside its cue, ASS fills
    each word while it is spoken. Hidden words are left out.
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
    if kind == "ass":
        _look(file)
    for line in lines:
        if line.words:
            text = _text(line, language, kind, timed=kind in {"vtt", "ass"} and not words)
            # players drop a cue that stands for no time at all
            end = max(line.end, line.start + 1)
            file.append(pysubs2.SSAEvent(line.start, end, text=text))
    return file.to_string(kind, keep_ssa_tags=True)


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


def _text(line: _Line, language: str, kind: str, *, timed: bool) -> str:
    limit = line_room(_CHARACTERS, language)
    broken = break_lines([word.text for word in line.words], language, limit)
    before, after = line.marks
    shown = (_shown(line, indices, kind, timed=timed) for indices in broken)
    return before + "\\N".join(shown) + after


def _shown(line: _Line, indices: Sequence[int], kind: str, *, timed: bool) -> str:
    """The words of a line, each led by its time where ``timed``."""
    text = ""
    for index in indices:
        word = line.words[index]
        if index > indices[0]:
            text += between(line.words[index - 1].text, word.text)
        if timed:
            text += _filling(line, index) if kind == "ass" else _stamp(line, index)
        text += _escaped(word.text, kind)
    return text


def _stamp(line: _Line, index: int) -> str:
    """WebVTT wants the times of words to grow and to lie inside the cue."""
    word = line.words[index]
    earlier = max((other.start for other in line.words[:index]), default=line.start)
    inside = max(earlier, line.start) < word.start < line.end
    return f"<{WebVTTFormat.ms_to_timestamp(word.start)}>" if inside else ""


def _look(file: pysubs2.SSAFile) -> None:
    """White on a dark box, as words not yet spoken stand, in the middle below; spoken ones are
    amber. Sizes are of a picture 1080 lines high, to which players scale."""
    file.info.update({"PlayResX": "1920", "PlayResY": "1080", "ScaledBorderAndShadow": "yes"})
    style = file.styles["Default"]
    style.fontname, style.fontsize, style.bold = "Arial", 56, True
    style.primarycolor = pysubs2.Color(245, 177, 75)
    style.secondarycolor = pysubs2.Color(255, 255, 255)
    style.outlinecolor = style.backcolor = pysubs2.Color(0, 0, 0, 26)
    style.borderstyle, style.outline, style.shadow = 3, 8, 0
    style.marginl = style.marginr = 100
    style.marginv = 60


def _filling(line: _Line, index: int) -> str:
    """ASS counts each word's time, in hundredths, from the end of the one before: a pause is an
    empty piece. What is left over by rounding goes into the next."""
    word = line.words[index]
    before = line.words[index - 1].end if index else line.start
    pause = round(word.start / 10) - round(max(before, line.start) / 10)
    length = max(round(word.end / 10) - round(word.start / 10), 0)
    return (f"{{\\kf{pause}}}" if pause > 0 else "") + f"{{\\kf{length}}}"


def _escaped(text: str, kind: str) -> str:
    """Text that a format shows as it stands: WebVTT has entities; SRT and ASS have no escape, so
    only what would begin a new cue or an instruction is changed. What pysubs2 itself would read
    as a line break or a drawing must not look like one."""
    if kind == "ass":
        text = text.replace("\\", "\u29f5").replace("{", "\uff5b").replace("}", "\uff5d")
    text = escape(text, quote=False) if kind == "vtt" else text.replace("-->", "--\u203a")
    return re.sub(r"\\(?=[nNhp])", "\u29f5", text)
