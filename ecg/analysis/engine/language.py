"""Which language is spoken where."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.regions import Span, Window
from ecg.analysis.engine.transcribe import Whisper, tell_language

SURE = 0.5
"""Probability from which a window's language may differ from the film's."""
PLAIN = 0.92
"""Probability from which a window is of one language. Over the fixtures one language gives 0.93 and
more, two in a row 0.2 to 0.9."""
APART = RATE // 2
"""Samples of silence at which the language may change."""
LEAST = 3 * RATE // 2
"""Samples of speech from which its language can be told."""


def by_language(model: Whisper, window: Window, usual: str | None) -> Iterator[tuple[Window, str]]:
    """The window, or its parts where it holds several languages, each with the ISO 639 code of its
    own; ``usual``, the film's language so far, where the model is not sure."""
    code, probability = tell_language(model, window.sound)
    if usual is not None and probability < SURE:
        code = usual
    stretches = _stretches(window.regions) if probability < PLAIN else []
    if len(stretches) < 2:
        yield window, code
        return
    parts: list[tuple[list[Span], str]] = []
    for stretch in stretches:
        own, certain = tell_language(model, window.sound[stretch[0][0] : stretch[-1][1]])
        own = own if certain >= SURE else code
        if parts and parts[-1][1] == own:
            parts[-1][0].extend(stretch)
        else:
            parts.append((stretch, own))
    yield from _parted(window, parts)


def _stretches(regions: list[Span]) -> list[list[Span]]:
    """Regions with no long silence between them, each stretch long enough to tell its language."""
    found: list[list[Span]] = []
    for region in regions:
        near = found and region[0] - found[-1][-1][1] < APART
        if found and (near or _size(found[-1]) < LEAST):
            found[-1].append(region)
        else:
            found.append([region])
    if len(found) > 1 and _size(found[-1]) < LEAST:
        last = found.pop()
        found[-1].extend(last)
    return found


def _size(stretch: list[Span]) -> int:
    return sum(end - start for start, end in stretch)


def _parted(window: Window, parts: list[tuple[list[Span], str]]) -> Iterator[tuple[Window, str]]:
    """Cut in the middle of the silences."""
    middles = [(one[0][-1][1] + other[0][0][0]) // 2 for one, other in pairwise(parts)]
    cuts = [0, *middles, len(window.sound)]
    for (regions, code), (first, last) in zip(parts, pairwise(cuts), strict=True):
        inside = [(start - first, end - first) for start, end in regions]
        yield Window(window.start + first, window.sound[first:last], inside), code
