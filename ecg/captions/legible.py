"""Lint of what captions look like: against the picture behind them, beside other speakers, and
near the picture's edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ecg.captions.backdrop import Backdrop, behind
from ecg.captions.colors import Rgb, contrast, distance, hexadecimal, mixed, rgb
from ecg.captions.compose import PALETTE
from ecg.captions.findings import Finding, Patch, pointer
from ecg.captions.paging import Page
from ecg.captions.place import Setting, anchor, box_of, free_area
from ecg.captions.readable import shown_lines
from ecg.captions.scenario import Cue, Point, Region, Scenario
from ecg.captions.styles import Style

SOLID = 0.8
"""Opacity of a black box on which white and every colour of ``PALETTE`` keep at least 5:1, by the
contrast ratio of WCAG 2.2, even over a white picture."""

LEAST_CONTRAST = 4.5
"""Between letters and what is behind them (WCAG 2.2, level AA)."""

LEAST_DISTANCE = 10.0
"""ΔE*ab between two speakers, to colour-blind eyes too: four times what is just seen."""

_INK: Rgb = (10, 12, 18)
_WHITE: Rgb = (230, 230, 230)
_OUTLINE = 0.85
"""How much of what the eye sees around a letter is its outline, where there is no box."""


def box_opacity(scenario: Scenario, style: Style) -> float:
    """Of the box behind the words: as overridden, chosen or declared."""
    box = scenario.style.overrides.box
    if box is not None:
        return box
    declared = style.parameters["box"].default if "box" in style.parameters else 0.0
    chosen = scenario.style.parameters.get("box", declared)
    return float(chosen) if isinstance(chosen, float | int) else 0.0


def speaker_colors(scenario: Scenario) -> dict[str, tuple[str, str]]:
    """Of each speaker: the colour that is drawn, and the pointer to where it is said."""
    palette = scenario.style.overrides.palette or ()
    found: dict[str, tuple[str, str]] = {}
    for index, (name, look) in enumerate(scenario.speakers.items()):
        at = index % len(palette) if palette else 0
        found[name] = (
            (palette[at], pointer("style", "overrides", "palette", at))
            if palette
            else (look.color, pointer("speakers", name, "color"))
        )
    return found


def check_speakers(scenario: Scenario) -> Iterator[Finding]:
    """Whether speakers are told apart: by name, and by colour to every eye."""
    first = {cue.speaker: cue for cue in reversed(scenario.cues) if cue.speaker is not None}
    names = [name for name in scenario.speakers if name in first]
    if len(names) < 2:
        return
    labels = {name: scenario.speakers[name].label.strip() for name in names}
    counts = Counter(labels.values())
    message = "only colour tells this speaker from the others: give each a label of its own"
    for number, name in enumerate(names, 1):
        if not labels[name] or counts[labels[name]] > 1:
            free = next(
                label
                for n in range(number, number + len(names) + 1)
                if (label := f"Speaker {n}") not in counts
            )
            patch = _replace(pointer("speakers", name, "label"), free)
            yield Finding("speaker_unnamed", "error", first[name].id, 0, 1, message, patch)
    colors = speaker_colors(scenario)
    for index, name in enumerate(names):
        others = [colors[other][0] for other in names[:index]]
        nearest = min((distance(colors[name][0], other) for other in others), default=100.0)
        if nearest < LEAST_DISTANCE:
            told = (
                f"this speaker's colour is {nearest:.0f} from another's to colour-blind eyes, "
                f"{LEAST_DISTANCE:g} can be told apart"
            )
            rest = [colors[other][0] for other in names if other != name]
            free = (c for c in PALETTE if all(distance(c, r) >= LEAST_DISTANCE for r in rest))
            better = next(free, None)
            patch = _replace(colors[name][1], better) if better else None
            value, limit = round(nearest, 1), LEAST_DISTANCE
            yield Finding("color_distance", "warning", first[name].id, value, limit, told, patch)


def check_places(
    scenario: Scenario, style: Style, page: Page, size: tuple[int, int]
) -> Iterator[Finding]:
    """Whether cues that are put at a point keep clear of the edges and of what players show."""
    position = scenario.style.overrides.position
    low_x, low_y, high_x, high_y = free_area(size)
    told_of_position = False
    for index, cue in enumerate(scenario.cues):
        where = cue.region or position
        if not isinstance(where, Point) or (cue.region is None and told_of_position):
            continue
        left, top, right, bottom = _box(scenario, style, page, cue, size)
        beyond = max(low_x - left, right - high_x, low_y - top, bottom - high_y)
        if beyond <= 0.005:
            continue
        told_of_position |= cue.region is None
        message = (
            f"reaches {beyond:.0%} of the picture beyond what is safe from edges and from what "
            "players lay over it, 0% is the limit"
        )
        moved = _moved(where, (left, top, right, bottom), (low_x, low_y, high_x, high_y))
        path = pointer("cues", index, "region") if cue.region else "/style/overrides/position"
        patch = _replace(path, msgspec.to_builtins(moved)) if moved else None
        yield Finding("safe_area", "warning", cue.id, round(beyond, 3), 0, message, patch)


def check_contrast(
    scenario: Scenario,
    style: Style,
    page: Page,
    size: tuple[int, int],
    backdrop: Backdrop | None,
) -> Iterator[Finding]:
    """Letters against what is behind them; without the picture only a solid box is sure."""
    box = box_opacity(scenario, style)
    if backdrop is None or not backdrop.frames:
        if scenario.cues and box < SOLID:
            message = (
                f"the box behind the words is {box:.0%} solid, so whether they can be read "
                f"depends on the picture: make it {SOLID:.0%} or more to be sure"
            )
            first, patch = scenario.cues[0].id, _boxed(SOLID)
            yield Finding("contrast_unknown", "warning", first, box, SOLID, message, patch)
        return
    ink: Rgb = (0, 0, 0) if style.name in {"intention", "broadcast"} else _INK
    behinds = [
        list(behind(backdrop, _box(scenario, style, page, cue, size), cue.start, cue.end))
        for cue in scenario.cues
    ]
    whole = [pixel for found in behinds for pixel in found]
    patch = _box_step(box, ink, whole, _WHITE)
    colors = speaker_colors(scenario)
    for index, (cue, pixels) in enumerate(zip(scenario.cues, behinds, strict=True)):
        surrounds = [_surround(pixel, box, ink) for pixel in pixels]
        if (worst := _worst(_WHITE, surrounds)) < LEAST_CONTRAST:
            yield _low(cue, worst, "white words have", patch)
            continue
        for color, path in _colors(cue, index, colors):
            if (worst := _worst(rgb(color), surrounds)) < LEAST_CONTRAST:
                every = [_surround(pixel, box, ink) for pixel in whole]
                step = _replace(path, _lightened(color, every)) or _box_step(
                    box, ink, whole, rgb(color)
                )
                yield _low(cue, worst, f"words in {color} have", step)
                break


def _low(cue: Cue, worst: float, what: str, patch: Patch | None) -> Finding:
    message = f"{what} a contrast of {worst:.1f}:1 to what is behind them, 4.5:1 can be read"
    value = round(worst, 2)
    return Finding("contrast", "error", cue.id, value, LEAST_CONTRAST, message, patch)


def _colors(
    cue: Cue, index: int, colors: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    if cue.speaker is not None and cue.kind == "speech":
        yield colors[cue.speaker]
    for at, word in enumerate(cue.words):
        if word.style and word.style.color and not word.style.hidden:
            yield word.style.color, pointer("cues", index, "words", at, "style", "color")


def _surround(pixel: Rgb, box: float, ink: Rgb) -> Rgb:
    """What is around a letter: the picture, the box over it, and the outline that takes the
    box's place as that fades below a half (``--bare`` in sheet.js)."""
    bare = min(1.0, max(0.0, 1 - 2 * box))
    return mixed(mixed(pixel, ink, box), _INK, _OUTLINE * bare)


def _worst(color: Rgb, surrounds: Sequence[Rgb]) -> float:
    return min((contrast(color, surround) for surround in surrounds), default=21.0)


def _box_step(box: float, ink: Rgb, pixels: Sequence[Rgb], color: Rgb) -> Patch | None:
    """The least change of the box with which ``color`` can be read everywhere: more of it, or none,
    which gives the letters a full outline."""
    steps = sorted((step / 20 for step in range(21)), key=lambda step: (abs(step - box), -step))
    for step in steps:
        surrounds = [_surround(pixel, step, ink) for pixel in pixels]
        if _worst(color, surrounds) >= LEAST_CONTRAST:
            return _boxed(step)
    return None


def _lightened(color: str, surrounds: Sequence[Rgb]) -> str | None:
    """A colour of the same kind that can be read; none where it would be as good as white."""
    for step in range(1, 13):
        lighter = hexadecimal(mixed(rgb(color), (255, 255, 255), step / 20))
        if _worst(rgb(lighter), surrounds) >= LEAST_CONTRAST:
            return lighter
    return None


def _boxed(value: float) -> Patch:
    return [{"op": "add", "path": "/style/overrides/box", "value": value}]


def _replace(path: str, value: object) -> Patch | None:
    return None if value is None else [{"op": "replace", "path": path, "value": value}]


def _box(
    scenario: Scenario, style: Style, page: Page, cue: Cue, size: tuple[int, int]
) -> tuple[float, float, float, float]:
    overrides = scenario.style.overrides
    region: Region = overrides.position or style.position
    setting = Setting(size, page, style.type, overrides.size or 1.0, region)
    return box_of(cue, shown_lines(cue, page), setting)


def _moved(point: Point, box: Sequence[float], free: Sequence[float]) -> Point | None:
    """The point moved so far that its box lies in the free area; none where it is too large."""
    left, top, right, bottom = box
    if right - left > free[2] - free[0] or bottom - top > free[3] - free[1]:
        return None
    across, down = anchor(point)
    x = min(max(left, free[0]), free[2] - (right - left)) + across * (right - left)
    y = min(max(top, free[1]), free[3] - (bottom - top)) + down * (bottom - top)
    return Point(round(x, 4), round(y, 4), point.anchor)
