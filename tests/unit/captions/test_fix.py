"""Repairs: all that are offered can be made, and then none is left; no word is lost."""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from ecg.captions.backdrop import Backdrop
from ecg.captions.colors import contrast, distance, rgb
from ecg.captions.compose import PALETTE, Rules, compose
from ecg.captions.findings import Finding
from ecg.captions.imported import import_captions
from ecg.captions.legible import LEAST_DISTANCE
from ecg.captions.lint import fix, lint
from ecg.captions.place import free_area
from ecg.captions.scenario import Point, Scenario, SpeakerLook, check_scenario
from ecg.captions.styles import list_styles, load_style
from tests.unit.captions.documents import spoken, transcript

FAULTY = Path(__file__).parents[2] / "fixtures" / "captions" / "twenty_faults.srt"
INTENTION = load_style("intention")
SIZES = [(1920, 1080), (1080, 1920)]


def words(scenario: Scenario) -> list[str]:
    return sorted(word.text for cue in scenario.cues for word in cue.words)


def codes(found: list[Finding]) -> set[str]:
    return {finding.code for finding in found}


def grey(*levels: int) -> Backdrop:
    """A frame each second, all of one grey."""
    frames = tuple(bytes([level]) * (64 * 36 * 3) for level in levels)
    return Backdrop(64, 36, tuple(map(float, range(len(levels)))), frames)


def test_twenty_planted_faults_are_found_and_put_right() -> None:
    faulty = import_captions(FAULTY.read_text(), "srt", INTENTION)
    before = lint(faulty)
    assert len(before) >= 20
    assert {
        "reading_speed", "line_count", "too_short", "too_long", "gap", "overlap", "flashes",
    } <= codes(before)  # fmt: skip
    mended = fix(faulty)
    check_scenario(mended)
    assert words(mended) == words(faulty)
    left = lint(mended)
    assert not [finding for finding in left if finding.repair]
    assert codes(left) <= {"line_length", "reading_speed"}
    assert len(left) <= 2


@pytest.mark.parametrize(
    ("style", "size"), [("intention", SIZES[0]), ("pop", SIZES[1]), ("broadcast", SIZES[1])]
)
def test_nothing_that_has_a_repair_is_left_of_what_is_composed(style, size) -> None:
    said = transcript(
        spoken("So I went to New York. Right. And then everybody was talking at once, " * 2, each=0.12),
        spoken("No wait. Stop. What? Come here now", start=6, each=0.1, speaker="s2"),
    )  # fmt: skip
    for rules, backdrop in ((Rules(), grey(255, 0, 128)), (Rules(words=1), None)):
        scenario = compose(said, load_style(style), size=size, rules=rules)
        mended = fix(scenario, size=size, backdrop=backdrop)
        check_scenario(mended)
        assert words(mended) == words(scenario)
        assert not [f for f in lint(mended, size=size, backdrop=backdrop) if f.repair]


def shown(style: str = "intention", **look: str) -> Scenario:
    scenario = compose(
        transcript(spoken("hello there"), spoken("good day", start=3, speaker="s2")),
        load_style(style),
    )
    speakers = {
        name: SpeakerLook(f"Speaker {name}", look.get(name, one.color))
        for name, one in scenario.speakers.items()
    }
    return msgspec.structs.replace(scenario, speakers=speakers)


def boxed(scenario: Scenario, box: float) -> Scenario:
    style = scenario.style
    overrides = msgspec.structs.replace(style.overrides, box=box)
    return msgspec.structs.replace(
        scenario, style=msgspec.structs.replace(style, overrides=overrides)
    )


@pytest.mark.parametrize(
    ("scenario", "level", "wrong", "repaired"),
    [
        (shown(), 255, False, None),
        (shown(s1="#402020"), 0, True, "/speakers/s1/color"),
        (boxed(shown(), 0.6), 255, True, "/style/overrides/box"),
        (boxed(shown(), 0.8), 255, False, None),
        (boxed(shown(), 0.4), 255, True, "/style/overrides/box"),
        (boxed(shown(), 0.4), 40, False, None),
        (shown("karaoke"), 255, False, None),
    ],
)
def test_contrast_is_judged_by_what_is_behind(scenario, level, wrong, repaired) -> None:
    found = [f for f in lint(scenario, backdrop=grey(level)) if f.code.startswith("contrast")]
    assert bool(found) is wrong
    if repaired:
        assert found[0].value < 4.5
        assert found[0].repair
        assert found[0].repair[0]["path"] == repaired
        assert not lint(fix(scenario, backdrop=grey(level)), backdrop=grey(level))


def test_only_the_frames_and_the_place_of_a_cue_count() -> None:
    faint = boxed(shown(), 0.4)
    light_first = grey(255, 255, 0, 0, 0)
    found = [f.cue_id for f in lint(faint, backdrop=light_first) if f.code == "contrast"]
    assert found == ["c1"]
    top = b"\xff" * (64 * 18 * 3) + b"\x00" * (64 * 18 * 3)
    assert not lint(faint, backdrop=Backdrop(64, 36, (0.0,), (top,)))


def test_colours_that_colour_blind_eyes_confuse_are_changed() -> None:
    assert distance("#d04040", "#40d040") > LEAST_DISTANCE
    confused = shown(s1="#c05040", s2="#707830")
    (finding,) = lint(confused)
    assert (finding.code, finding.cue_id) == ("color_distance", "c2")
    assert finding.value < LEAST_DISTANCE
    assert not lint(fix(confused))
    for one, other in combinations(PALETTE, 2):
        assert distance(one, other) >= LEAST_DISTANCE
    assert contrast(rgb("#ffffff"), rgb("#000000")) == pytest.approx(21)


def test_names_that_are_missing_are_given() -> None:
    scenario = shown()
    nameless = {name: SpeakerLook(" ", look.color) for name, look in scenario.speakers.items()}
    mended = fix(msgspec.structs.replace(scenario, speakers=nameless))
    assert len({look.label for look in mended.speakers.values()}) == 2
    assert not lint(mended)


@pytest.mark.parametrize("size", SIZES)
def test_a_cue_under_what_players_show_is_moved(size) -> None:
    scenario = shown()
    cues = [
        msgspec.structs.replace(cue, region=Point(0.5, 0.97, "bottom")) for cue in scenario.cues
    ]
    low = msgspec.structs.replace(scenario, cues=tuple(cues))
    assert codes(lint(low, size=size)) == {"safe_area"}
    mended = fix(low, size=size)
    assert not lint(mended, size=size)
    for cue in mended.cues:
        assert isinstance(cue.region, Point)
        assert cue.region.y <= free_area(size)[3] + 1e-3


@pytest.mark.parametrize("style", list_styles(), ids=lambda style: style.name)
def test_a_style_tells_the_sizes_that_its_css_has(style) -> None:
    css = (Path("ecg/captions/styles") / style.name / "style.css").read_text()
    rule = css[css.index(".cue {") : css.index("}", css.index(".cue {"))]
    assert f"font-size: calc(var(--unit) * {style.type.size:g});" in rule
    assert f"line-height: {style.type.line_height:g};" in rule
    assert f"font-size: {style.type.label:g}em;" in css or style.type.label == 1
    sizes = re.search(r"exp\(([\d.]+) \*.*? [-+] ([\d.]+) \*", css)
    louder, softer = map(float, sizes.groups()) if sizes else (0.0, 0.0)
    told = style.type.louder, style.type.softer
    assert told == pytest.approx((math.exp(louder), math.exp(-softer)), abs=0.01)
    powers = re.findall(r"pow\(max\(0, .*\), ([\d.]+)\);", css)
    assert list(style.type.curves) == ([float(power) for power in powers] or [1, 1])
