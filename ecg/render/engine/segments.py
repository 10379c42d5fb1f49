"""Segments: spans of the result that are encoded on their own, and kept by what is in them."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import av
import msgspec

import ecg.captions
from ecg.captions.scenario import Cue, Scenario
from ecg.render.engine.capture import Drawing
from ecg.render.engine.plan import Span, split
from ecg.render.interfaces import whole

KEPT_BYTES = 4 << 30
"""How much a folder of segments may hold before the oldest go."""

KEPT_FRESH = 3600
"""Seconds for which a segment stays after its last use, however full the folder is."""

_VERSION = "1"
_KANA = re.compile(
    "[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\uff66-\uff6f\uff71-\uff9d]"
)


class Segment(msgspec.Struct, frozen=True):
    """``path``: where it is, or will be."""

    span: Span
    path: Path

    @property
    def missing(self) -> bool:
        return not self.path.exists()


def planned(
    drawing: Drawing, source: Path, encoding: str, folder: Path, suffix: str
) -> list[Segment]:
    """The segments of a result, in order; ``encoding`` names format, encoder and settings,
    ``suffix`` how their names end. The rest of a segment's name tells all that its pictures depend on: source, frames, cues, look, encoder, and the
    versions of both."""
    with source.open("rb") as file:
        source_digest = hashlib.file_digest(file, "sha256").hexdigest()
    scenario = drawing.scenario
    fonts = [(font.face, font.sha256) for font in drawing.fonts]
    look = [scenario.style, scenario.speakers, drawing.stage_width, drawing.way, _engine_digest()]
    shared = [
        _VERSION,
        av.__version__,
        source_digest,
        encoding,
        look,
        fonts,
        *_told_by_all(scenario),
    ]
    seconds = drawing.times.seconds()
    segments: list[Segment] = []
    for span in split(drawing.times):
        shown = touching(scenario, seconds[span.first], seconds[span.end - 1])
        key = hashlib.sha256(msgspec.json.encode([*shared, span, shown])).hexdigest()
        segments.append(Segment(span, folder / f"{key}{suffix}"))
    return segments


def touching(scenario: Scenario, start: float, end: float) -> tuple[str | None, list[Cue]]:
    """The cues that what is seen from ``start`` to ``end`` depends on: those shown then and all
    that these overlap, which they are placed beside. Before them, who spoke last: a cue of
    another speaker begins with a name."""
    groups: list[list[Cue]] = []
    until = 0.0
    for cue in sorted(scenario.cues, key=lambda cue: cue.start):
        if groups and cue.start < until:
            groups[-1].append(cue)
        else:
            groups.append([cue])
        until = max(until, cue.end)
    shown = [
        number
        for number, group in enumerate(groups)
        if group[0].start <= end and max(cue.end for cue in group) > start
    ]
    if not shown:
        return None, []
    before = [cue for group in groups[: shown[0]] for cue in group if cue.kind == "speech"]
    cues = [cue for number in shown for cue in groups[number]]
    return before[-1].speaker if before else None, cues


def _told_by_all(scenario: Scenario) -> tuple[bool, bool]:
    """What the engine learns from all cues together (``prepare`` in engine/scenario.js): whether
    names are needed at all, and whether Chinese characters are Japanese here."""
    speakers = {cue.speaker for cue in scenario.cues if cue.kind == "speech"}
    kana = any(_KANA.search(word.text) for cue in scenario.cues for word in cue.words)
    return len(speakers) > 1, kana


def keep(segments: Iterable[Segment], folder: Path) -> None:
    """Marks ``segments`` as used, and lets the oldest of ``folder`` go where it holds too much."""
    for segment in segments:
        with suppress(OSError):
            os.utime(segment.path)
    held = sorted(((path.stat(), path) for path in whole(folder)), key=_age)
    total = sum(status.st_size for status, _ in held)
    for status, path in held:
        if total <= KEPT_BYTES or time.time() - status.st_mtime < KEPT_FRESH:
            return
        path.unlink(missing_ok=True)
        total -= status.st_size


def runs(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Those that are missing, each list without a gap, so that it is decoded in one go."""
    found: list[list[Segment]] = []
    for segment in segments:
        if segment.missing:
            if found and found[-1][-1].span.end == segment.span.first:
                found[-1].append(segment)
            else:
                found.append([segment])
    return found


def _age(held: tuple[os.stat_result, Path]) -> float:
    return held[0].st_mtime


@cache
def _engine_digest() -> str:
    """Of everything that the page draws with."""
    captions = Path(ecg.captions.__file__).parent
    digest = hashlib.sha256()
    for folder in ("engine", "styles", "fonts"):
        for path in sorted((captions / folder).rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
