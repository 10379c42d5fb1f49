"""Captions of other programs, SRT and VTT, as a scenario: what is missing is spread evenly and
says so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

import msgspec
import pysubs2

from ecg.captions.scenario import (
    INTERPOLATED,
    MAX_BYTES,
    MAX_CUES,
    MAX_WORDS,
    Cue,
    CueWord,
    Scenario,
    StyleChoice,
)
from ecg.captions.styles import Style
from ecg.captions.text import between
from ecg.captions.transcript import MAX_TEXT
from ecg.kernel.errors import InputRefused

IMPORTS: tuple[Literal["srt", "vtt"], ...] = ("srt", "vtt")

MAX_CHARACTERS = 2_000
"""Of the text of one cue; more than a person reads in it, and splitting it takes time."""

# Each of these takes time in proportion to its text: what it repeats cannot be split in two ways.
_SOUND = re.compile(r"[\[(（【](?P<label>[^\])）】]+)[\])）】]")
_MARKUP = re.compile(r"<\s*(?:/\s*)?[a-zA-Z][^<>]*>|\{[^{}]*\}")
_BREAK = re.compile(r"\\[Nnh]")
_EMPTY_LINES = re.compile(r"\n\s*\n")
_NOTES = "♪♫#"
_INLINE = re.compile(r"<(?:\d+:)?\d\d:\d\d\.\d{3}>")
_HEADER = re.compile(r"^\ufeff?WEBVTT(\s|$)")


def import_captions(text: str, kind: Literal["srt", "vtt"], style: Style) -> Scenario:
    """The cues of a caption file in order of start, each word with its share of the cue's time
    by its length. No text is lost but formatting. Raises ``InputRefused``: another format, no
    cue."""
    cues: list[Cue] = []
    size = 0
    for start, end, shown in read_cues(text, kind, MAX_CUES):
        made = _cues(start, max(end, start + 0.001), shown, len(cues))
        cues += made
        size += len(msgspec.json.encode(made))
        if len(cues) > MAX_CUES or size > MAX_BYTES:
            raise InputRefused(
                f"too many words: a scenario may have {MAX_CUES:,} cues and {MAX_BYTES:,} bytes, "
                "which a word takes about a hundred of; divide the file"
            )
    return Scenario(version=1, style=StyleChoice(style.name), speakers={}, cues=tuple(cues))


def read_cues(text: str, kind: Literal["srt", "vtt"], most: int) -> list[tuple[float, float, str]]:
    """(start, end, text without markup) of a caption file's cues, in seconds, in order of start.
    Raises ``InputRefused``: another format, no cue, more than ``most``."""
    if kind == "vtt" and not _HEADER.match(text):
        raise InputRefused('this is no WebVTT: its first line must be "WEBVTT"')
    try:
        text = _INLINE.sub("", text)  # which pysubs2 would take for the times of a cue
        # and whose own search for empty lines and for markup takes the square of their number
        text = _EMPTY_LINES.sub("\n\n", text)
        file = pysubs2.SSAFile.from_string(text, format_=kind, keep_html_tags=True)
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise InputRefused(f"this cannot be read as {kind.upper()}: {error}") from None
    if len(file.events) > most:
        raise InputRefused(f"{len(file.events)} cues; at most {most:,} are allowed")
    events = [
        (event.start, event.end, shown)
        for number, event in enumerate(file.events, 1)
        if (shown := _shown(event.text, number))
    ]
    if not events:
        raise InputRefused(f"no captions were found; is this really {kind.upper()}?")
    events.sort(key=lambda event: event[:2])
    return [(start / 1000, end / 1000, shown) for start, end, shown in events]


def _shown(text: str, number: int) -> str:
    """The text of the file's cue ``number`` without its markup."""
    if len(text) > MAX_CHARACTERS:
        raise InputRefused(
            f"cue {number} has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed: "
            "divide it"
        )
    shown = " ".join(_BREAK.sub(" ", _MARKUP.sub("", text)).split())
    longest = max(map(len, shown.split()), default=0)
    if longest > MAX_TEXT:
        raise InputRefused(
            f"cue {number} has a word of {longest:,} characters; at most {MAX_TEXT} are allowed"
        )
    return shown


def _cues(start: float, end: float, shown: str, before: int) -> list[Cue]:
    """One cue, or several where there are more words than a cue may have."""
    sound, music = _SOUND.fullmatch(shown), shown[0] in _NOTES
    label = sound["label"].strip() if sound else shown.strip(f"{_NOTES} ") if music else ""
    words = [label] if 0 < len(label) <= MAX_TEXT else split_words(shown)
    timed = _spread(words, start, end)
    groups = [timed[a : a + MAX_WORDS] for a in range(0, len(timed), MAX_WORDS)]
    return [
        Cue(
            id=f"c{before + number}",
            kind="sound" if sound else "music" if music else "speech",
            start=group[0].start,
            end=group[-1].end,
            speaker=None,
            region=None,
            words=tuple(group),
        )
        for number, group in enumerate(groups, 1)
    ]


def split_words(text: str) -> list[str]:
    """Words as a caption lights them: by spaces, and by character where a script has none,
    marks with the character before them."""
    words: list[str] = []
    for token in text.split():
        words.append("")
        for char in token:
            last = words[-1]
            mark = unicodedata.category(char)[0] in "PMSC"
            opening = last and unicodedata.category(last[-1]) in {"Ps", "Pi"}
            apart = last and (between(last, char) == "" or _changes(last[-1], char))
            if apart and not mark and not opening:
                words.append(char)
            else:
                words[-1] = last + char
    return [word for word in words if word]


def _changes(last: str, char: str) -> bool:
    """Between a script without spaces and one with: each begins a word of its own."""
    return (between(last, last) == "") != (between(char, char) == "") and last.isalnum()


def _spread(words: Sequence[str], start: float, end: float) -> list[CueWord]:
    total = sum(len(word) for word in words)
    timed: list[CueWord] = []
    done = 0
    for word in words:
        begins = start + (end - start) * done / total
        done += len(word)
        ends = start + (end - start) * done / total
        timed.append(
            CueWord(
                text=word,
                start=round(begins, 3),
                end=round(ends, 3),
                loudness=None,
                pitch=None,
                tags=(INTERPOLATED,),
            )
        )
    return timed
