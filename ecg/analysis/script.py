"""A script that somebody brings: its wording, and what it says besides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import msgspec

from ecg.captions.brought import MAX_SCRIPT, MAX_SPEAKERS
from ecg.captions.imported import read_cues
from ecg.captions.pieces import split_words
from ecg.captions.transcript import MAX_TEXT
from ecg.kernel.errors import InputRefused

MAX_CUES = 20_000

_VTT = re.compile(r"^\ufeff?WEBVTT(\s|$)")
_SRT = re.compile(r"^\ufeff?\s*(\d+\s*\n)?\s*\d+:\d\d:\d\d[,.]\d{1,3}\s*-->")
_LABEL = re.compile(r"(?:>>|[-\u2013\u2014])?\s*(?P<name>[^\W\d_][\w.'\u2019 -]{0,39}):(?=\s|$)")
_DIRECTION = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|[\u266a\u266b][^\u266a\u266b]*[\u266a\u266b]?")


class Written(msgspec.Struct, frozen=True):
    """A word of a script. ``speaker``: the label that it stands under. ``start`` and ``end``: the times
    of its cue, in seconds, where the script is a caption file."""

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None


def read_script(text: str) -> tuple[Written, ...]:
    """The words of plain text, SRT or VTT, in order, exactly as written.

    A name in capitals and a colon at the beginning of a line ("ANNA:") is no word but says who
    speaks from there on. A line that is wholly in brackets or between notes ("[applause]") is not
    spoken and left out. Raises ``InputRefused``.
    """
    if len(text) > MAX_SCRIPT:
        raise InputRefused(
            f"the script has {len(text):,} characters; at most {MAX_SCRIPT:,} are allowed"
        )
    words: list[Written] = []
    speaker: str | None = None
    for line, start, end in _lines(text):
        label = _LABEL.match(line)
        named = label is not None and label["name"].isupper()
        speaker = label["name"].strip() if label and named else speaker
        spoken = line[label.end() :].strip() if label and named else line
        if not _DIRECTION.fullmatch(spoken):
            words += [Written(word, speaker, start, end) for word in split_words(spoken)]
    _check(words)
    return tuple(words)


def _lines(text: str) -> Iterator[tuple[str, float | None, float | None]]:
    kind = "vtt" if _VTT.match(text) else "srt" if _SRT.match(text) else None
    if kind:
        for cue in read_cues(text, kind, MAX_CUES):
            yield cue.text, cue.start, cue.end
    else:
        for line in text.removeprefix("\ufeff").splitlines():
            yield "".join(" " if _unseen(char) else char for char in line).strip(), None, None


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}


def _check(words: list[Written]) -> None:
    if not words:
        raise InputRefused("the script has no words")
    longest = max((word.text for word in words), key=len)
    if len(longest) > MAX_TEXT:
        raise InputRefused(
            f'the script has a word of {len(longest):,} characters, "{longest[:20]}…"; '
            f"at most {MAX_TEXT} are allowed: are the spaces missing?"
        )
    speakers = {word.speaker for word in words}
    if len(speakers) > MAX_SPEAKERS:
        raise InputRefused(
            f"the script names {len(speakers)} speakers; at most {MAX_SPEAKERS} are allowed"
        )
