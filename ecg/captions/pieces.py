"""Cues of a caption file, and the times that it gives of their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from ecg.captions.scenario import INTERPOLATED, CueWord
from ecg.captions.text import between, inseparable

_STAMP = re.compile(r"<(?:(\d+):)?(\d\d):(\d\d)\.(\d{3})>")
_MARKED = re.compile(r"<t (\d{1,9})>")


Part = tuple[str, int, int]
"""Text, and when a player lights it, in milliseconds."""


class Piece(msgspec.Struct, frozen=True):
    """Text that a player lights at once, or a pause where it is blank. Times in seconds."""

    text: str
    start: float
    end: float


class ReadCue(msgspec.Struct, frozen=True):
    """Times in seconds. ``text`` in one line, without markup. ``pieces``: the same with the times of
    its words, none where the file gives none. ``speaker``: whom the file names, "" where nobody."""

    start: float
    end: float
    text: str
    pieces: tuple[Piece, ...] = ()
    speaker: str = ""


def read_cue(
    span: tuple[int, int], parts: Sequence[Part], *, timed: bool, speaker: str = ""
) -> ReadCue:
    """A cue of ``parts`` without markup; ``span`` in milliseconds, from 0."""
    start, end = max(0, span[0]), max(0, *span)
    text = " ".join("".join(part for part, _, _ in parts).split())
    pieces = [Piece(part, since / 1000, until / 1000) for part, since, until in parts]
    name = " ".join(speaker.split())
    return ReadCue(start / 1000, end / 1000, text, tuple(pieces) if timed else (), name)


def mark_stamps(text: str) -> str:
    """WebVTT with the times inside its cues written so that no reader takes them for a cue's."""

    def marked(found: re.Match[str]) -> str:
        hours, minutes, seconds, rest = (int(part or 0) for part in found.groups())
        return f"<t {((hours * 60 + minutes) * 60 + seconds) * 1000 + rest}>"

    return _STAMP.sub(marked, text)


def stamped(text: str, start: int, end: int) -> list[Part]:
    """A cue's text cut where ``mark_stamps`` marked it. As WebVTT has it, a time counts where it lies
    inside the cue and after those before it."""
    first, *rest = _MARKED.split(text)
    begun, texts = [start], [[first]]
    for stamp, part in zip(rest[::2], rest[1::2], strict=True):
        if begun[-1] < int(stamp) < end:
            begun.append(int(stamp))
            texts.append([])
        texts[-1].append(part)
    spans = pairwise([*begun, end])
    return [("".join(parts), *span) for parts, span in zip(texts, spans, strict=True)]


def timed_words(pieces: Sequence[Piece], *, whole: bool = False) -> list[CueWord]:
    """The words of pieces. What stands together in a piece shares its time by length and says so;
    syllables without a space between them are one word. ``whole``: a piece is one word, whatever
    its spaces."""
    found: list[CueWord] = []
    last = " "
    for piece in pieces:
        words = [piece.text.strip()] if whole else piece.text.split()
        if piece.text.strip():
            measured = len(words) == 1
            timed = spread(words, piece.start, piece.end, () if measured else (INTERPOLATED,))
            if found and _together(last, piece.text):
                timed[0] = _joined(found.pop(), timed[0])
            found += timed
        last = piece.text[-1:] or last
    return found


def _together(before: str, after: str) -> bool:
    return (
        not (before[-1].isspace() or after[0].isspace())
        and len(split_words(before[-1] + after[0])) == 1
    )


def _joined(one: CueWord, other: CueWord) -> CueWord:
    tags = tuple(dict.fromkeys(one.tags + other.tags))
    return msgspec.structs.replace(one, text=one.text + other.text, end=other.end, tags=tags)


def spread(words: Sequence[str], start: float, end: float, tags: tuple[str, ...]) -> list[CueWord]:
    """Each word with its share of the time by its length."""
    total = sum(len(word) for word in words)
    timed: list[CueWord] = []
    done = 0
    for word in words:
        begins = round(start + (end - start) * done / total, 3)
        done += len(word)
        ends = round(start + (end - start) * done / total, 3)
        timed.append(
            CueWord(text=word, start=begins, end=ends, loudness=None, pitch=None, tags=tags)
        )
    return timed


def split_words(text: str) -> list[str]:
    """Words as a caption lights them: by spaces, and by character where a script has none,
    marks with the character before them, and a syllable as a whole."""
    words: list[str] = []
    for token in text.split():
        words.append("")
        for char in token:
            last = words[-1]
            mark = unicodedata.category(char)[0] in "PMSC"
            opening = last and unicodedata.category(last[-1]) in {"Ps", "Pi"}
            apart = last and (between(last, char) == "" or _changes(last[-1], char))
            if apart and not mark and not opening and not inseparable(last, char):
                words.append(char)
            else:
                words[-1] = last + char
    return [word for word in words if word]


def _changes(last: str, char: str) -> bool:
    """Between a script without spaces and one with: each begins a word of its own."""
    return (between(last, last) == "") != (between(char, char) == "") and last.isalnum()
