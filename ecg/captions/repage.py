"""Repage: the words of a scenario cut into cues anew, as another style wants them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import msgspec

from ecg.captions.compose import Rules, bound_in, page_of, timed
from ecg.captions.paging import PAUSE, Page, page_cuts
from ecg.captions.scenario import BOUND, Cue, CueWord, Scenario
from ecg.captions.styles import check_choice
from ecg.captions.text import language_of


def repage(
    scenario: Scenario,
    *,
    size: tuple[int, int] = (1920, 1080),
    fps: Fraction = Fraction(30),
    duration: float = math.inf,
) -> Scenario:
    """Cuts what is spoken for the scenario's own style in a picture of ``size`` (shown width,
    height), by the rules of ``compose``; every word keeps its text, time and look.

    Sounds and cues with a second line stay whole. ``duration`` of the video in seconds is the
    latest a cue may leave. Raises ``DocumentInvalid`` for a style that is not known.
    """
    style = check_choice(scenario.style)
    texts = [word.text for cue in scenario.cues if cue.kind == "speech" for word in cue.words]
    page = page_of(language_of(texts), style.paging, Rules(), size)
    cues: list[Cue] = []
    for run in _runs(scenario.cues):
        words = [word for cue in run for word in cue.words]
        cuts = page_cuts(words, page) if run[0].kind == "speech" and not run[0].secondary else []
        cues += [_cut(run, words[a:b], page) for a, b in pairwise(cuts)] or run
    cues.sort(key=lambda cue: (cue.start, cue.end))
    return msgspec.structs.replace(scenario, cues=tuple(timed(cues, page, duration, fps)))


def _runs(cues: Sequence[Cue]) -> list[list[Cue]]:
    """Cues that one person says in one place without a pause between them."""
    runs: list[list[Cue]] = []
    for cue in cues:
        last = runs[-1][-1] if runs else None
        if last is not None and _goes_on(last, cue):
            runs[-1].append(cue)
        else:
            runs.append([cue])
    return runs


def _goes_on(last: Cue, cue: Cue) -> bool:
    alike = (last.kind, last.speaker, last.region) == (cue.kind, cue.speaker, cue.region)
    gap = cue.words[0].start - last.words[-1].end
    whole = last.secondary or cue.secondary or cue.kind != "speech"
    return alike and not whole and 0 <= gap < PAUSE


def _cut(run: Sequence[Cue], words: Sequence[CueWord], page: Page) -> Cue:
    bound = bound_in([word.text for word in words], page)
    shown = tuple(_tagged(word, index in bound) for index, word in enumerate(words))
    return msgspec.structs.replace(run[0], start=words[0].start, end=words[-1].end, words=shown)


def _tagged(word: CueWord, bound: bool) -> CueWord:
    tags = tuple(tag for tag in word.tags if tag != BOUND)
    return msgspec.structs.replace(word, tags=(*tags, BOUND) if bound else tags)
