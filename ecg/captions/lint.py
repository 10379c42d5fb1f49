"""Lint: what would make captions hard to read, each finding with its value and its limit."""

from __future__ import annotations

import math
from fractions import Fraction

import msgspec

from ecg.captions.backdrop import Backdrop
from ecg.captions.compose import GAP_FRAMES, Rules, page_of
from ecg.captions.findings import Finding, Patch, patched
from ecg.captions.fonts import OWN
from ecg.captions.legible import check_contrast, check_places, check_speakers
from ecg.captions.readable import Room, check_cue, shown_texts
from ecg.captions.repairs import repair
from ecg.captions.scenario import Scenario
from ecg.captions.styles import check_choice, missing_letters
from ecg.captions.text import language_of

_PASSES = 40
"""Of ``fix`` at most; each takes all repairs that do not touch one another."""

_NAMED = 8
"""Letters that a message names at most."""

_APART = 10
"""Cues between two repairs that are made at once: more than either looks at."""


def lint(  # noqa: PLR0913 - what captions are seen with
    scenario: Scenario,
    *,
    size: tuple[int, int] = (1920, 1080),
    fps: Fraction = Fraction(30),
    language: str | None = None,
    backdrop: Backdrop | None = None,
    end: float = math.inf,
) -> list[Finding]:
    """Findings in the order of the cues, for a picture of ``size`` (shown width, height).

    Reading speed, lines and duration are judged by ``language``, else by the script that the
    words are written in; hidden words do not count. Contrast is judged against ``backdrop``. No
    repair has a cue outlast ``end``, that of the video in seconds. An
    *error* cannot be read as it stands; a *warning* can. Raises ``DocumentInvalid`` where the
    style or its parameters are not known.
    """
    language = language or language_of(_all_texts(scenario))
    style = check_choice(scenario.style)
    page = page_of(language, style.paging, Rules(), size)
    room = Room(page, float(GAP_FRAMES / fps), end)
    cues = scenario.cues
    found = [
        msgspec.structs.replace(finding, repair=repair(cues, index, finding, room))
        for index in range(len(cues))
        for finding in check_cue(cues, index, room)
    ]
    found += _check_letters(scenario)
    found += check_places(scenario, style, page, size)
    found += check_speakers(scenario)
    found += check_contrast(scenario, style, page, size, backdrop)
    order = {cue.id: index for index, cue in enumerate(cues)}
    return sorted(found, key=lambda finding: order[finding.cue_id])


def fix(  # noqa: PLR0913 - as lint
    scenario: Scenario,
    *,
    size: tuple[int, int] = (1920, 1080),
    fps: Fraction = Fraction(30),
    language: str | None = None,
    backdrop: Backdrop | None = None,
    end: float = math.inf,
) -> Scenario:
    """The scenario with every repair that ``lint`` offers made, and those it then offers, until
    there is none. No word is lost. Raises as ``lint`` does."""
    language = language or language_of(_all_texts(scenario))
    for _ in range(_PASSES):
        found = lint(scenario, size=size, fps=fps, language=language, backdrop=backdrop, end=end)
        order = {cue.id: index for index, cue in enumerate(scenario.cues)}
        made: set[str] = set()
        before = len(scenario.cues) + _APART
        # from the end, so that what is repaired moves nothing that is still to be
        for finding in reversed(found):
            patch = finding.repair
            if not patch:
                continue
            if not _moves_cues(patch):
                path = patch[0]["path"]
                if path not in made:
                    scenario = patched(scenario, patch)
                made.add(path)
            elif order[finding.cue_id] <= before - _APART:
                scenario = patched(scenario, patch)
                before = order[finding.cue_id]
                made.add(finding.cue_id)
        if not made:
            break
    return scenario


def _check_letters(scenario: Scenario) -> list[Finding]:
    """Which letters would be drawn as boxes. What a font of one's own has is not known here."""
    if (scenario.style.overrides.font or "").startswith(OWN):
        return []
    found: list[Finding] = []
    for cue in scenario.cues:
        below = [cue.secondary.text] if cue.secondary else []
        lacking = missing_letters("".join([*shown_texts(cue), *below]))
        if lacking:
            named = " ".join(lacking[:_NAMED]) + (" …" if len(lacking) > _NAMED else "")
            message = f"no bundled font has {named}, boxes are drawn instead"
            found.append(Finding("missing_letters", "error", cue.id, len(lacking), 0, message))
    return found


def _moves_cues(patch: Patch) -> bool:
    return patch[0]["path"].startswith("/cues/") and patch[0]["path"].count("/") <= 3


def _all_texts(scenario: Scenario) -> list[str]:
    spoken = [cue for cue in scenario.cues if cue.kind == "speech"]
    return [word.text for cue in spoken or scenario.cues for word in cue.words]
