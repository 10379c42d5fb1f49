"""Lint of cues by themselves and beside their neighbours: time, lines, gaps, flashes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from ecg.captions.findings import Finding
from ecg.captions.lines import lines_of
from ecg.captions.paging import LONGEST, PAUSE, SHORTEST, Page
from ecg.captions.scenario import BOUND, Cue, Point
from ecg.captions.text import joined, reading_speed, width

MILLISECOND = 1e-3
_ROUNDING = 1.005

MOST_FLASHES = 3
"""Times in one second that what is shown may change wholly (WCAG 2.3.1)."""


class Room(msgspec.Struct, frozen=True):
    """What cues are judged by: their ``page``, the ``least`` seconds between two that do not
    touch, and the ``end`` of the video in seconds, which no repair goes beyond."""

    page: Page
    least: float
    end: float = math.inf


def check_cue(cues: Sequence[Cue], index: int, room: Room) -> list[Finding]:
    """What is wrong with one cue; no repairs yet."""
    cue = cues[index]
    found: list[Finding] = []
    if cue.kind == "speech":
        found += _lines(cue, room.page)
        found += _times(cue, room.page)
    found += _gap(cues, index, room.least)
    found += _overlap(cues, index)
    found += _flashes(cues, index)
    return found


def shown_texts(cue: Cue) -> list[str]:
    return [word.text for word in cue.words if not (word.style and word.style.hidden)]


def shown_lines(cue: Cue, page: Page) -> list[str]:
    """The lines of a cue, as far as they can be told without its letters."""
    words = [word for word in cue.words if not (word.style and word.style.hidden)]
    bound = frozenset(index for index, word in enumerate(words) if BOUND in word.tags)
    return lines_of([word.text for word in words], page.language, page.characters, bound)


def wide(cue: Cue, page: Page) -> float:
    return width(joined(shown_texts(cue)), page.language)


def following_start(cues: Sequence[Cue], index: int) -> float | None:
    """When the next cue begins that does so once this one has left."""
    left = cues[index].end - MILLISECOND
    return next((cue.start for cue in cues[index + 1 :] if cue.start >= left), None)


def _lines(cue: Cue, page: Page) -> list[Finding]:
    lines = shown_lines(cue, page)
    longest = max((width(line, page.language) for line in lines), default=0.0)
    limit, most = page.characters, page.lines
    found: list[Finding] = []
    if longest > limit:
        message = f"a word of {longest:g} characters, a line has {limit:g}"
        found.append(Finding("line_length", "warning", cue.id, longest, limit, message))
    if len(lines) > most:
        message = f"{len(lines)} lines of {limit:g} characters, {most} fit the picture"
        found.append(Finding("line_count", "error", cue.id, len(lines), most, message))
    return found


def _times(cue: Cue, page: Page) -> list[Finding]:
    seconds = cue.end - cue.start
    length = wide(cue, page)
    speed, limit = length / max(seconds, MILLISECOND), reading_speed(page.language)
    found: list[Finding] = []
    if speed > limit * _ROUNDING:
        severity = "error" if speed > 1.5 * limit else "warning"
        message = f"{speed:.0f} characters per second, {limit} can be read"
        found.append(Finding("reading_speed", severity, cue.id, round(speed, 1), limit, message))
    if length and seconds < SHORTEST - MILLISECOND:
        message = f"stands for {seconds:.2f} s, {SHORTEST:.2f} s is the least that is seen"
        found.append(Finding("too_short", "warning", cue.id, round(seconds, 3), SHORTEST, message))
    if seconds > LONGEST + MILLISECOND:
        message = f"stands for {seconds:.1f} s, after {LONGEST:g} s it is read twice"
        found.append(Finding("too_long", "warning", cue.id, round(seconds, 3), LONGEST, message))
    return found


def _gap(cues: Sequence[Cue], index: int, least: float) -> list[Finding]:
    cue, following = cues[index], following_start(cues, index)
    gap = 0.0 if following is None else following - cue.end
    if not MILLISECOND < gap < least - MILLISECOND:
        return []
    message = f"a gap of {gap * 1000:.0f} ms flickers, close it or leave {least:.3f} s"
    return [Finding("gap", "warning", cue.id, round(gap, 3), round(least, 3), message)]


def _overlap(cues: Sequence[Cue], index: int) -> list[Finding]:
    """Cues of two people at once are meant and stand above one another; two of one person, or
    two put at the same point, are not."""
    cue = cues[index]
    for other in cues[index + 1 :]:
        if other.start >= cue.end - MILLISECOND:
            return []
        point = cue.region == other.region and isinstance(cue.region, Point)
        if point or (cue.kind == other.kind == "speech" and cue.speaker == other.speaker):
            over = round(min(cue.end, other.end) - other.start, 3)
            message = f"stands for {over:g} s together with cue {other.id} in the same place"
            return [Finding("overlap", "warning", cue.id, over, 0, message)]
    return []


def _flashes(cues: Sequence[Cue], index: int) -> list[Finding]:
    """Cues that come within a second, told of the first of them."""
    start = cues[index].start
    if index and start - cues[index - 1].start < PAUSE / 2:
        return []
    count = 0
    for cue in cues[index:]:
        if cue.start >= start + 1 - MILLISECOND:
            break
        count += 1
    if count <= MOST_FLASHES:
        return []
    message = f"{count} cues come within a second, more than {MOST_FLASHES} flash"
    return [Finding("flashes", "error", cues[index].id, count, MOST_FLASHES, message)]
