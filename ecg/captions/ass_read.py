"""Advanced SubStation Alpha of other programs: its cues, with the times of karaoke."""

from __future__ import annotations

import re

import pysubs2

from ecg.captions.pieces import Part, ReadCue, read_cue
from ecg.kernel.errors import InputRefused

# Each of these takes time in proportion to its text.
_DIALOGUE = re.compile(r"^[ \t]*Dialogue:.*$", re.MULTILINE)
_BLOCK = re.compile(r"\{([^{}]*)\}")
_FILL = re.compile(r"\\(?:k[fo]?|K)(\d{1,6})")
_DRAWING = re.compile(r"\\p(\d)")
_BREAK = re.compile(r"\\[Nnh]")


def read_ass(text: str) -> list[ReadCue]:
    r"""The cues of a file, with the times of karaoke (``\k``, ``\kf``, ``\ko``) where it has some.

    Drawings are left out, and the speaker's name where it stands before the words. Raises
    ``InputRefused`` where there is no cue, ``ValueError`` where one cannot be read.
    """
    lines = _DIALOGUE.findall(text)
    if not lines:
        raise InputRefused("no captions were found; is this really ASS?")
    # only these: fonts, pictures and looks are not for a scenario
    file = pysubs2.SSAFile.from_string("\n".join(["[Events]", *lines]), format_="ass")
    return [_cue(event) for event in file.events]


def _cue(event: pysubs2.SSAEvent) -> ReadCue:
    span = event.start, event.end
    lead, parts = _parts(event.text, max(0, event.start), max(0, *span))
    if all(since == until for _, since, until in parts):
        whole = lead + "".join(text for text, _, _ in parts)
        return read_cue(span, [(whole, *span)], timed=False, speaker=event.name)
    first, since, until = parts[0]
    parts[0] = ("" if _names(lead, event.name) else lead) + first, since, until
    return read_cue(span, parts, timed=True, speaker=event.name)


def _parts(text: str, start: int, end: int) -> tuple[str, list[Part]]:
    """What stands before the first time, and what each time is of."""
    spans: list[tuple[int, int]] = []
    texts: list[list[str]] = [[]]
    at = length = 0
    drawing = False
    for index, part in enumerate(_BLOCK.split(text)):
        if index % 2:
            for found in _DRAWING.finditer(part):
                drawing = found[1] != "0"
            fills = [10 * int(fill) for fill in _FILL.findall(part)]
            for fill in fills:
                at, length = at + length, fill
            if fills:
                spans.append((min(start + at, end), min(start + at + length, end)))
                texts.append([])
        elif not drawing:
            texts[-1].append(_BREAK.sub(" ", part))
    lead, *shown = map("".join, texts)
    return lead, [(text, *span) for text, span in zip(shown, spans, strict=True)]


def _names(lead: str, speaker: str) -> bool:
    """Whether what stands before the words is the speaker's name."""
    return bool(speaker) and " ".join(lead.replace(",", " ").split()).removesuffix(":") == speaker
