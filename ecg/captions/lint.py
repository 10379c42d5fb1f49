"""Lint: what would make captions hard to read, each finding with its value and its limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

import msgspec

from ecg.captions.compose import LONGEST, SHORTEST, UPRIGHT
from ecg.captions.scenario import Cue, Scenario
from ecg.captions.styles import check_choice
from ecg.captions.text import (
    CJK,
    CJK_RATIO,
    joined,
    language_of,
    lines_of,
    reading_speed,
    width,
)

GAP_FRAMES = 2
"""Frames between two cues that do not touch: a shorter gap flickers (Netflix)."""

_MILLISECOND = 1e-3

Code = Literal[
    "reading_speed",
    "line_length",
    "line_count",
    "too_short",
    "too_long",
    "gap",
    "speaker_unnamed",
    "contrast_unknown",
]


class Finding(msgspec.Struct, frozen=True):
    """``value`` and ``limit`` are in the unit that ``message`` names. ``repair`` is a JSON Patch
    (RFC 6902) for the scenario that removes the finding, where there is a safe one."""

    code: Code
    severity: Literal["error", "warning"]
    cue_id: str
    value: float
    limit: float
    message: str
    repair: list[dict[str, Any]] | None = None


def lint(
    scenario: Scenario, *, size: tuple[int, int] = (1920, 1080), fps: Fraction = Fraction(30)
) -> list[Finding]:
    """Findings in the order of the cues, for a picture of ``size`` (shown width, height).

    Reading speed, lines and duration are judged by the language that the words are written
    in; hidden words do not count. An *error* cannot be read as it stands; a *warning* can.
    """
    language = language_of(word.text for cue in scenario.cues for word in cue.words)
    found: list[Finding] = []
    for index, cue in enumerate(scenario.cues):
        if cue.kind == "speech":
            found += _readable(scenario, index, cue, language, size)
    found += _gaps(scenario.cues, float(GAP_FRAMES / fps))
    found += _speakers(scenario)
    found += _contrast(scenario)
    order = {cue.id: index for index, cue in enumerate(scenario.cues)}
    return sorted(found, key=lambda finding: order[finding.cue_id])


def _texts(cue: Cue) -> list[str]:
    return [word.text for word in cue.words if not (word.style and word.style.hidden)]


def _readable(
    scenario: Scenario, index: int, cue: Cue, language: str, size: tuple[int, int]
) -> list[Finding]:
    texts = _texts(cue)
    seconds = cue.end - cue.start
    found = _lines(scenario, cue, texts, language, size)
    speed = width(joined(texts, language), language) / max(seconds, _MILLISECOND)
    limit = reading_speed(language)
    if speed > limit:
        severity = "error" if speed > 1.5 * limit else "warning"
        message = f"{speed:.0f} characters per second, {limit} can be read"
        needed = width(joined(texts, language), language) / limit
        repair = _extended(scenario.cues, index, cue.start + needed)
        found.append(
            Finding("reading_speed", severity, cue.id, round(speed, 1), limit, message, repair)
        )
    if seconds < SHORTEST - _MILLISECOND:
        message = f"stands for {seconds:.2f} s, {SHORTEST:.2f} s is the least that is seen"
        repair = _extended(scenario.cues, index, cue.start + SHORTEST)
        found.append(
            Finding("too_short", "warning", cue.id, round(seconds, 3), SHORTEST, message, repair)
        )
    if seconds > LONGEST + 0.5:
        message = f"stands for {seconds:.1f} s, after {LONGEST:g} s it is read twice"
        found.append(Finding("too_long", "warning", cue.id, round(seconds, 3), LONGEST, message))
    return found


def _lines(
    scenario: Scenario, cue: Cue, texts: Sequence[str], language: str, size: tuple[int, int]
) -> list[Finding]:
    paging = UPRIGHT if size[0] < size[1] else check_choice(scenario.style).paging
    limit = round(paging.characters * (CJK_RATIO if language in CJK else 1.0))
    lines = lines_of(texts, language, limit)
    longest = max((width(line, language) for line in lines), default=0.0)
    found: list[Finding] = []
    if longest > limit:
        message = f"a word of {longest:g} characters, a line has {limit}"
        found.append(Finding("line_length", "warning", cue.id, longest, limit, message))
    if len(lines) > paging.lines:
        message = f"{len(lines)} lines of {limit} characters, {paging.lines} fit the picture"
        found.append(Finding("line_count", "error", cue.id, len(lines), paging.lines, message))
    return found


def _extended(cues: Sequence[Cue], index: int, end: float) -> list[dict[str, Any]] | None:
    """A patch that lets a cue stand until ``end``, where no later cue is in the way."""
    later = [cue.start for cue in cues[index + 1 :] if cue.start >= cues[index].end]
    if later and min(later) < end:
        return None
    return [{"op": "replace", "path": f"/cues/{index}/end", "value": math.ceil(end * 1000) / 1000}]


def _gaps(cues: Sequence[Cue], least: float) -> list[Finding]:
    found: list[Finding] = []
    for index, (cue, following) in enumerate(pairwise(cues)):
        gap = following.start - cue.end
        if _MILLISECOND < gap < least - _MILLISECOND:
            message = f"a gap of {gap * 1000:.0f} ms flickers, close it or leave {least:.3f} s"
            path = f"/cues/{index}/end"
            repair = [{"op": "replace", "path": path, "value": following.start}]
            found.append(
                Finding("gap", "warning", cue.id, round(gap, 3), round(least, 3), message, repair)
            )
    return found


def _speakers(scenario: Scenario) -> list[Finding]:
    speaking = [cue for cue in scenario.cues if cue.speaker is not None]
    unnamed = {key for key, look in scenario.speakers.items() if not look.label.strip()}
    if len({cue.speaker for cue in speaking}) < 2:
        return []
    message = "only its colour tells this speaker from the others: give the speaker a label"
    firsts = {cue.speaker: cue for cue in reversed(speaking)}
    return [
        Finding("speaker_unnamed", "error", cue.id, 0, 1, message)
        for speaker, cue in firsts.items()
        if speaker in unnamed
    ]


def _contrast(scenario: Scenario) -> list[Finding]:
    """Without the picture behind it, text off a solid box cannot be judged."""
    if not scenario.cues:
        return []
    style = check_choice(scenario.style)
    box = scenario.style.overrides.box
    if box is None:
        chosen = scenario.style.parameters.get("box")
        declared = style.parameters["box"].default if "box" in style.parameters else 0.0
        box = chosen if isinstance(chosen, float | int) else declared
    if not isinstance(box, float | int) or box >= 0.75:
        return []
    message = (
        f"the box behind the words is {box:.0%} solid, so whether they can be read depends on "
        "the picture: make it 75% or more to be sure"
    )
    first = scenario.cues[0].id
    repair = [{"op": "add", "path": "/style/overrides/box", "value": 0.75}]
    return [Finding("contrast_unknown", "warning", first, float(box), 0.75, message, repair)]
