"""Lint: what would make captions hard to read, each finding with its value and its limit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

import msgspec

from ecg.captions.compose import GAP_FRAMES, Rules, page_of
from ecg.captions.lines import lines_of
from ecg.captions.paging import LONGEST, PAUSE, SHORTEST, Page
from ecg.captions.scenario import Cue, Point, Scenario
from ecg.captions.styles import Style, check_choice
from ecg.captions.text import joined, language_of, reading_speed, width

SOLID = 0.8
"""Opacity of a black box on which white and every colour of ``PALETTE`` keep at least 5:1, by the
contrast ratio of WCAG 2.2, even over a white picture."""

_MILLISECOND = 1e-3
_ROUNDING = 1.005

Code = Literal[
    "reading_speed",
    "line_length",
    "line_count",
    "too_short",
    "too_long",
    "gap",
    "overlap",
    "speaker_unnamed",
    "contrast_unknown",
]


class Finding(msgspec.Struct, frozen=True):
    """``value`` and ``limit`` are in the unit that ``message`` names. ``repair`` is a JSON Patch
    (RFC 6902) for the scenario as ``encode`` writes it that removes the finding, where there is
    a safe one."""

    code: Code
    severity: Literal["error", "warning"]
    cue_id: str
    value: float
    limit: float
    message: str
    repair: list[dict[str, Any]] | None = None


def lint(
    scenario: Scenario,
    *,
    size: tuple[int, int] = (1920, 1080),
    fps: Fraction = Fraction(30),
    language: str | None = None,
) -> list[Finding]:
    """Findings in the order of the cues, for a picture of ``size`` (shown width, height).

    Reading speed, lines and duration are judged by ``language``, else by the script that the
    words are written in; hidden words do not count. An *error* cannot be read as it stands; a
    *warning* can. Raises ``DocumentInvalid`` where the style or its parameters are not known.
    """
    language = language or language_of(_all_texts(scenario))
    style = check_choice(scenario.style)
    page = page_of(language, style.paging, Rules(), size)
    least = float(GAP_FRAMES / fps)
    found: list[Finding] = []
    for index, cue in enumerate(scenario.cues):
        if cue.kind == "speech":
            found += _lines(cue, page)
            found += _times(scenario.cues, index, page, least)
        found += _gap(scenario.cues, index, least)
        found += _overlap(scenario.cues, index)
    found += _speakers(scenario)
    found += _contrast(scenario, style)
    order = {cue.id: index for index, cue in enumerate(scenario.cues)}
    return sorted(found, key=lambda finding: order[finding.cue_id])


def _all_texts(scenario: Scenario) -> list[str]:
    spoken = [cue for cue in scenario.cues if cue.kind == "speech"]
    return [word.text for cue in spoken or scenario.cues for word in cue.words]


def _texts(cue: Cue) -> list[str]:
    return [word.text for word in cue.words if not (word.style and word.style.hidden)]


def _lines(cue: Cue, page: Page) -> list[Finding]:
    lines = lines_of(_texts(cue), page.language, page.characters)
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


def _times(cues: Sequence[Cue], index: int, page: Page, least: float) -> list[Finding]:
    cue = cues[index]
    seconds = cue.end - cue.start
    wide = width(joined(_texts(cue)), page.language)
    speed, limit = wide / max(seconds, _MILLISECOND), reading_speed(page.language)
    found: list[Finding] = []
    if speed > limit * _ROUNDING:
        severity = "error" if speed > 1.5 * limit else "warning"
        message = f"{speed:.0f} characters per second, {limit} can be read"
        repair = _extended(cues, index, cue.start + wide / limit, least)
        found.append(
            Finding("reading_speed", severity, cue.id, round(speed, 1), limit, message, repair)
        )
    if wide and seconds < SHORTEST - _MILLISECOND:
        message = f"stands for {seconds:.2f} s, {SHORTEST:.2f} s is the least that is seen"
        repair = _extended(cues, index, cue.start + SHORTEST, least)
        found.append(
            Finding("too_short", "warning", cue.id, round(seconds, 3), SHORTEST, message, repair)
        )
    if seconds > LONGEST + _MILLISECOND:
        message = f"stands for {seconds:.1f} s, after {LONGEST:g} s it is read twice"
        repair = _shortened(cues, index, least)
        found.append(
            Finding("too_long", "warning", cue.id, round(seconds, 3), LONGEST, message, repair)
        )
    return found


def _following(cues: Sequence[Cue], index: int) -> float | None:
    """When the next cue begins that does so once this one has left."""
    left = cues[index].end - _MILLISECOND
    return next((cue.start for cue in cues[index + 1 :] if cue.start >= left), None)


def _leaving(index: int, end: float) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": f"/cues/{index}/end", "value": end}]


def _extended(
    cues: Sequence[Cue], index: int, end: float, least: float
) -> list[dict[str, Any]] | None:
    """A patch that lets a cue stand until ``end``, or on to the next one where the gap would
    then be short; none where the next one or ``LONGEST`` is in the way."""
    end, following = math.ceil(end * 1000) / 1000, _following(cues, index)
    if following is not None and end > following - max(least, PAUSE):
        if end > following + _MILLISECOND:
            return None
        end = following
    return None if end - cues[index].start > LONGEST else _leaving(index, end)


def _shortened(cues: Sequence[Cue], index: int, least: float) -> list[dict[str, Any]] | None:
    """A patch that takes a cue away after ``LONGEST``, where its words are said by then."""
    cue, following = cues[index], _following(cues, index)
    end = math.floor((cue.start + LONGEST) * 1000) / 1000
    near = following is not None and following - end < least
    return None if cue.words[-1].end > end or near else _leaving(index, end)


def _gap(cues: Sequence[Cue], index: int, least: float) -> list[Finding]:
    cue, following = cues[index], _following(cues, index)
    gap = 0.0 if following is None else following - cue.end
    if following is None or not _MILLISECOND < gap < least - _MILLISECOND:
        return []
    message = f"a gap of {gap * 1000:.0f} ms flickers, close it or leave {least:.3f} s"
    repair = _leaving(index, following) if following - cue.start <= LONGEST else None
    return [Finding("gap", "warning", cue.id, round(gap, 3), round(least, 3), message, repair)]


def _overlap(cues: Sequence[Cue], index: int) -> list[Finding]:
    """Cues of two people at once are meant and stand above one another; two of one person, or
    two put at the same point, are not."""
    cue = cues[index]
    for other in cues[index + 1 :]:
        if other.start >= cue.end - _MILLISECOND:
            return []
        point = cue.region == other.region and isinstance(cue.region, Point)
        if point or (cue.kind == other.kind == "speech" and cue.speaker == other.speaker):
            over = round(min(cue.end, other.end) - other.start, 3)
            message = f"stands for {over:g} s together with cue {other.id} in the same place"
            free = cue.words[-1].end <= other.start + _MILLISECOND
            repair = _leaving(index, max(other.start, cue.words[-1].end)) if free else None
            return [Finding("overlap", "warning", cue.id, over, 0, message, repair)]
    return []


def _speakers(scenario: Scenario) -> list[Finding]:
    first = {cue.speaker: cue for cue in reversed(scenario.cues) if cue.speaker is not None}
    if len(first) < 2:
        return []
    labels = {speaker: scenario.speakers[speaker].label.strip() for speaker in first}
    counts = Counter(labels.values())
    message = "only colour tells this speaker from the others: give each a label of its own"
    return [
        Finding("speaker_unnamed", "error", cue.id, 0, 1, message)
        for speaker, cue in first.items()
        if not labels[speaker] or counts[labels[speaker]] > 1
    ]


def _contrast(scenario: Scenario, style: Style) -> list[Finding]:
    """Without the picture behind it, text off a solid box cannot be judged."""
    box = scenario.style.overrides.box
    if box is None:
        declared = style.parameters["box"].default if "box" in style.parameters else 0.0
        chosen = scenario.style.parameters.get("box", declared)
        box = float(chosen) if isinstance(chosen, float | int) else 0.0
    if not scenario.cues or box >= SOLID:
        return []
    message = (
        f"the box behind the words is {box:.0%} solid, so whether they can be read depends on "
        f"the picture: make it {SOLID:.0%} or more to be sure"
    )
    first = scenario.cues[0].id
    repair = [{"op": "add", "path": "/style/overrides/box", "value": SOLID}]
    return [Finding("contrast_unknown", "warning", first, box, SOLID, message, repair)]
