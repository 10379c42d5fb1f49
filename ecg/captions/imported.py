"""Captions of other programs, SRT and VTT, as a scenario: what is missing is spread evenly and
says so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

import pysubs2

from ecg.captions.scenario import MAX_CUES, MAX_WORDS, Cue, CueWord, Scenario, StyleChoice
from ecg.captions.styles import Style
from ecg.captions.text import between
from ecg.kernel.errors import InputRefused

IMPORTS: tuple[Literal["srt", "vtt"], ...] = ("srt", "vtt")

INTERPOLATED = "interpolated"
"""The tag of a word whose times were not measured but spread over its cue."""

_SOUND = re.compile(r"^[\[(（【](?P<label>[^\])）】]+)[\])）】]$")
_MUSIC = re.compile(r"^[♪♫#\s]+(?P<label>.*?)[♪♫#\s]*$")
_INLINE = re.compile(r"<(?:\d+:)?\d\d:\d\d\.\d{3}>")
_HEADER = re.compile(r"^\ufeff?WEBVTT(\s|$)")


def import_captions(text: str, kind: Literal["srt", "vtt"], style: Style) -> Scenario:
    """The cues of a caption file in order of start, each word with its share of the cue's time
    by its length. No text is lost but formatting. Raises ``InputRefused``: another format, no
    cue, too many."""
    if kind == "vtt" and not _HEADER.match(text):
        raise InputRefused('this is no WebVTT: its first line must be "WEBVTT"')
    try:
        text = _INLINE.sub("", text)  # which pysubs2 would take for the times of a cue
        file = pysubs2.SSAFile.from_string(text, format_=kind)
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise InputRefused(f"this cannot be read as {kind.upper()}: {error}") from None
    events = [event for event in file.events if event.plaintext.strip() and not event.is_comment]
    if not events:
        raise InputRefused(f"no captions were found; is this really {kind.upper()}?")
    events.sort(key=lambda event: (event.start, event.end))
    cues: list[Cue] = []
    for event in events:
        cues += _cues(event, len(cues))
    if len(cues) > MAX_CUES:
        raise InputRefused(f"{len(cues)} cues; a scenario may have at most {MAX_CUES}")
    return Scenario(version=1, style=StyleChoice(style.name), speakers={}, cues=tuple(cues))


def _cues(event: pysubs2.SSAEvent, before: int) -> list[Cue]:
    """One cue, or several where there are more words than a cue may have."""
    shown = " ".join(event.plaintext.split())
    sound, music = _SOUND.match(shown), _MUSIC.match(shown)
    found = sound or music
    label = found["label"].strip() if found else ""
    words = [label] if label else split_words(shown)
    timed = _spread(words, event.start / 1000, max(event.end, event.start + 1) / 1000)
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
