"""Captions of other programs, SRT, VTT and ASS, as a scenario: what times of words are missing is
spread evenly and says so."""

from __future__ import annotations

import re
from html import unescape
from typing import Literal

import msgspec
import pysubs2

from ecg.captions.ass_read import read_ass
from ecg.captions.compose import PALETTE
from ecg.captions.pieces import (
    Part,
    ReadCue,
    mark_stamps,
    read_cue,
    split_words,
    spread,
    stamped,
    timed_words,
)
from ecg.captions.scenario import (
    INTERPOLATED,
    MAX_BYTES,
    MAX_CUES,
    MAX_SPEAKERS,
    MAX_WORDS,
    Cue,
    CueWord,
    Scenario,
    SpeakerLook,
    StyleChoice,
)
from ecg.captions.styles import Style
from ecg.captions.transcript import MAX_TEXT
from ecg.kernel.errors import InputRefused

Kind = Literal["srt", "vtt", "ass"]
IMPORTS: tuple[Kind, ...] = ("srt", "vtt", "ass")

MAX_CHARACTERS = 2_000
"""Of the text of one cue; more than a person reads in it, and splitting it takes time."""

# Each of these takes time in proportion to its text: what it repeats cannot be split in two ways.
_SOUND = re.compile(r"[\[(（【](?P<label>[^\])）】]+)[\])）】]")
_MARKUP = {
    "srt": re.compile(r"<\s*(?:/\s*)?[a-zA-Z][^<>]*>|\{[^{}]*\}"),
    "vtt": re.compile(r"<\s*(?:/\s*)?[a-zA-Z][^<>]*>|\{\\[^{}]*\}"),
}
_BREAK = re.compile(r"\\[Nnh]")
_EMPTY_LINES = re.compile(r"\n\s*\n")
_NOTES = "♪♫#"
_AROUND = f"{_NOTES}[](（）【】) "
_HEADER = re.compile(r"^\ufeff?WEBVTT(\s|$)")


def import_captions(text: str, kind: Kind, style: Style) -> Scenario:
    """The cues of a caption file in order of start. Words have the times that VTT and ASS give of
    them, else their share of the cue's time by their length. No text is lost but formatting. Raises
    ``InputRefused``: another format, no cue."""
    cues: list[Cue] = []
    speakers: dict[str, str] = {}
    size = 0
    for read in read_cues(text, kind, MAX_CUES):
        made = _cues(msgspec.structs.replace(read, end=max(read.end, read.start + 0.001)))
        if read.speaker and len(speakers) < MAX_SPEAKERS:
            speakers.setdefault(read.speaker, f"s{len(speakers) + 1}")
        speaker = speakers.get(read.speaker)
        cues += (
            msgspec.structs.replace(cue, speaker=speaker if cue.kind == "speech" else None)
            for cue in made
        )
        size += len(msgspec.json.encode(made))
        if len(cues) > MAX_CUES or size > MAX_BYTES:
            raise InputRefused(
                f"too many words: a scenario may have {MAX_CUES:,} cues and {MAX_BYTES:,} bytes, "
                "which a word takes about a hundred of; divide the file"
            )
    cues.sort(key=lambda cue: cue.start)
    looks = {
        name: SpeakerLook(label[:MAX_TEXT], PALETTE[number % len(PALETTE)])
        for number, (label, name) in enumerate(speakers.items())
    }
    numbered = (msgspec.structs.replace(cue, id=f"c{n}") for n, cue in enumerate(cues, 1))
    return Scenario(version=1, style=StyleChoice(style.name), speakers=looks, cues=tuple(numbered))


def read_cues(text: str, kind: Kind, most: int) -> list[ReadCue]:
    """The cues of a caption file in order of start. Raises ``InputRefused``: another format, no cue,
    more than ``most``."""
    if kind == "vtt" and not _HEADER.match(text):
        raise InputRefused('this is no WebVTT: its first line must be "WEBVTT"')
    try:
        found = read_ass(text) if kind == "ass" else _timed_text(text, kind)
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise InputRefused(f"this cannot be read as {kind.upper()}: {error}") from None
    if len(found) > most:
        raise InputRefused(f"{len(found)} cues; at most {most:,} are allowed")
    for number, cue in enumerate(found, 1):
        _check(cue.text, number)
    cues = [cue for cue in found if cue.text]
    if not cues:
        raise InputRefused(f"no captions were found; is this really {kind.upper()}?")
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _timed_text(text: str, kind: Literal["srt", "vtt"]) -> list[ReadCue]:
    """The cues of SRT and VTT, with the times inside them."""
    # pysubs2's own search for empty lines and for markup takes the square of their number
    text = _EMPTY_LINES.sub("\n\n", mark_stamps(text))
    cues: list[ReadCue] = []
    for event in pysubs2.SSAFile.from_string(text, format_=kind, keep_html_tags=True):
        parts: list[Part] = []
        for part, since, until in stamped(event.text, event.start, event.end):
            shown = _BREAK.sub(" ", _MARKUP[kind].sub("", part))
            parts.append((unescape(shown) if kind == "vtt" else shown, since, until))
        cues.append(read_cue((event.start, event.end), parts, timed=len(parts) > 1))
    return cues


def _check(text: str, number: int) -> None:
    """The text of the file's cue ``number``."""
    if len(text) > MAX_CHARACTERS:
        raise InputRefused(
            f"cue {number} has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed: "
            "divide it"
        )
    longest = max(map(len, text.split()), default=0)
    if longest > MAX_TEXT:
        raise InputRefused(
            f"cue {number} has a word of {longest:,} characters; at most {MAX_TEXT} are allowed"
        )


def _cues(read: ReadCue) -> list[Cue]:
    """One cue, or several where there are more words than a cue may have."""
    shown = read.text
    sound, music = _SOUND.fullmatch(shown), shown[0] in _NOTES
    label = sound["label"].strip() if sound else shown.strip(f"{_NOTES} ") if music else ""
    timed = _words(read, label if 0 < len(label) <= MAX_TEXT else "")
    groups = [timed[a : a + MAX_WORDS] for a in range(0, len(timed), MAX_WORDS)]
    return [
        Cue(
            id="c",
            kind="sound" if sound else "music" if music else "speech",
            start=group[0].start if index else read.start,
            end=group[-1].end if index + 1 < len(groups) else read.end,
            speaker=None,
            region=None,
            words=tuple(group),
        )
        for index, group in enumerate(groups)
    ]


def _words(read: ReadCue, label: str) -> list[CueWord]:
    """``label``: of a sound or of music, whose words stand together where nothing parts them."""
    if not read.pieces:
        return spread(
            [label] if label else split_words(read.text), read.start, read.end, (INTERPOLATED,)
        )
    if not label:
        return timed_words(read.pieces)
    texts = [piece.text for piece in read.pieces]
    shown = [index for index, text in enumerate(texts) if text.strip()]
    texts[shown[0]] = texts[shown[0]].lstrip(_AROUND)
    texts[shown[-1]] = texts[shown[-1]].rstrip(_AROUND)
    bare = [
        msgspec.structs.replace(piece, text=text)
        for piece, text in zip(read.pieces, texts, strict=True)
    ]
    return timed_words(bare, whole=True) or spread([label], read.start, read.end, (INTERPOLATED,))
