from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from ecg.captions.compose import compose
from ecg.captions.document import encode
from ecg.captions.findings import Finding, patched
from ecg.captions.lint import lint
from ecg.captions.scenario import Scenario, read_scenario
from ecg.captions.styles import load_style, missing_letters
from tests.unit.captions.documents import spoken, transcript

INTENTION = load_style("intention")


def cue(
    number: int, text: str, start: float, end: float, speaker: str | None = None
) -> dict[str, Any]:
    words = [
        {"text": word, "start": start, "end": start, "loudness": None, "pitch": None}
        for word in text.split()
    ]
    return {
        "id": f"c{number}", "kind": "speech", "start": start, "end": end,
        "speaker": speaker, "region": None, "words": words,
    }  # fmt: skip


def scenario(*cues: dict[str, Any], **style: Any) -> Scenario:
    speakers = {
        "s1": {"label": "Ann", "color": "#f5b14b"},
        "s2": {"label": " ", "color": "#56b4e9"},
    }
    document = {
        "version": 1, "style": {"name": "intention"} | style, "speakers": speakers, "cues": cues,
    }  # fmt: skip
    return read_scenario(json.dumps(document))


def repaired(document: Scenario, finding: Finding) -> Scenario:
    """The scenario with the finding's JSON Patch applied, as a client would do it."""
    values = json.loads(encode(document))
    for step in finding.repair or []:
        *path, last = step["path"].split("/")[1:]
        place: Any = values
        for key in path:
            place = place[int(key)] if isinstance(place, list) else place[key]
        if step["op"] == "remove":
            place.pop(int(last))
        elif step["op"] == "add" and isinstance(place, list):
            place.insert(int(last), step["value"])
        else:
            place[int(last) if isinstance(place, list) else last] = step["value"]
    assert patched(document, finding.repair or []) == read_scenario(json.dumps(values))
    return read_scenario(json.dumps(values))


FAULTS = [
    ("reading_speed", 45.0, 20, scenario(cue(1, "three words here and then thirty more letters", 0, 1))),
    ("too_short", 0.4, 5 / 6, scenario(cue(1, "hi", 0, 0.4), cue(2, "you", 3, 5))),
    ("too_long", 9.0, 7, scenario(cue(1, "hello there", 0, 9))),
    ("line_length", 50, 42, scenario(cue(1, "x" * 50, 0, 4))),
    ("line_count", 4, 2, scenario(cue(1, "sixteen letters " * 8, 0, 7))),
    ("gap", 0.03, 0.067, scenario(cue(1, "hello", 0, 1), cue(2, "there", 1.03, 2))),
    ("speaker_unnamed", 0, 1, scenario(cue(1, "hello", 0, 1, "s1"), cue(2, "there", 2, 3, "s2"))),
    ("missing_letters", 3, 0, scenario(cue(1, "hello ᚠᚢᚦᚦ 😀 ☺️", 0, 2))),
    ("overlap", 0.5, 0, scenario(cue(1, "hello", 0, 2, "s1"), cue(2, "there", 1.5, 3, "s1"))),
    ("too_long", 7.5, 7, scenario(cue(1, "hello", 0, 7.5), cue(2, "there", 8, 9))),
    ("contrast_unknown", 0.2, 0.8, scenario(cue(1, "hello", 0, 1), overrides={"box": 0.2})),
    ("reading_speed", 16.0, 12, scenario(cue(1, "가나다라마바사아자차카타파하가나", 0, 1))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "value", "limit", "document"), FAULTS)
def test_each_fault_is_found_with_its_value(
    code: str, value: float, limit: float, document: Scenario
) -> None:
    found = {finding.code: finding for finding in lint(document)}
    assert found[code].value == pytest.approx(value, abs=0.5)  # type: ignore[index]
    assert found[code].limit == pytest.approx(limit, abs=0.001)  # type: ignore[index]
    assert found[code].cue_id in {"c1", "c2"}  # type: ignore[index]
    assert f"{found[code].limit:g}"[:2] in found[code].message or code in {
        "missing_letters",
        "speaker_unnamed",
        "contrast_unknown",
    }  # type: ignore[index]


def test_letters_that_some_bundled_font_has_are_not_missing() -> None:
    said = "naïve Ελλάδα Привет 안녕 日本 你们说 مرحبا שלום สวัสดี नमस्ते မင်္ဂလာပါ ♪ 👍🏽 1️⃣"
    assert missing_letters(said) == ""
    assert missing_letters("ᚠ hello ᚠᏣ") == "ᚠᏣ"
    own = scenario(cue(1, "ᚠᚢᚦ", 0, 2), overrides={"font": "own:Runes"})
    assert not [found for found in lint(own) if found.code == "missing_letters"]


def test_a_repair_removes_its_finding() -> None:
    seen = set()
    for _, _, _, document in FAULTS:
        for finding in lint(document):
            if finding.repair:
                seen.add(finding.code)
                after = lint(repaired(document, finding))
                found = {(f.code, f.cue_id) for f in after}
                assert (finding.code, finding.cue_id) not in found
                assert found <= {(f.code, f.cue_id) for f in lint(document)}, "a repair that harms"
    assert {
        "reading_speed",
        "too_short",
        "too_long",
        "gap",
        "overlap",
        "contrast_unknown",
    } <= seen


def test_no_repair_is_offered_where_there_is_no_room() -> None:
    close = scenario(cue(1, "hi", 0, 0.4, "s1"), cue(2, "you there", 0.4, 2, "s2"))
    (finding,) = [finding for finding in lint(close) if finding.code == "too_short"]
    assert finding.repair is None


def test_no_repair_makes_a_cue_stand_too_long() -> None:
    found = {f.code: f for f in lint(scenario(cue(1, "sixteen letters " * 12, 0, 2)))}
    assert found["reading_speed"].repair is None


def test_thresholds_in_frames_use_the_video_rate() -> None:
    document = scenario(cue(1, "hello", 0, 1), cue(2, "there", 1.05, 2))
    assert "gap" in {f.code for f in lint(document, fps=Fraction(30))}
    assert "gap" not in {f.code for f in lint(document, fps=Fraction(60))}


def test_two_people_at_once_are_no_fault_but_two_at_one_point_are() -> None:
    both = [cue(1, "hello", 0, 2, "s1"), cue(2, "there", 1, 3, "s2")]
    assert "overlap" not in {f.code for f in lint(scenario(*both))}
    point = {"x": 0.5, "y": 0.5, "anchor": "center"}
    assert "overlap" in {f.code for f in lint(scenario(*(c | {"region": point} for c in both)))}


def test_two_speakers_of_one_name_are_told_apart_by_colour_only() -> None:
    document = json.loads(encode(scenario(cue(1, "hi", 0, 1, "s1"), cue(2, "ho", 1, 2, "s2"))))
    document["speakers"]["s2"]["label"] = "Ann"
    found = [f for f in lint(read_scenario(json.dumps(document))) if f.code == "speaker_unnamed"]
    assert [f.cue_id for f in found] == ["c1", "c2"]


def test_the_language_can_be_said() -> None:
    document = scenario(cue(1, "ein Satz von achtzehn", 0, 1.1))
    assert not lint(document)
    assert [f.code for f in lint(document, language="de")] == ["reading_speed"]


def test_an_upright_picture_has_shorter_lines() -> None:
    document = scenario(cue(1, "about thirty letters in one line", 0, 4))
    assert not lint(document)
    assert "line_count" in {f.code for f in lint(document, size=(1080, 1920))}


def test_hidden_words_are_not_read() -> None:
    document = cue(1, "hi there wonderful enormous people", 0, 1)
    for word in document["words"][1:]:
        word["style"] = {"hidden": True}
    assert not lint(scenario(document))


def test_what_compose_makes_of_calm_speech_has_no_errors() -> None:
    said = spoken(
        "We went out early, when nobody was on the road. It was colder than we thought. "
        "The old bridge had fallen, so we walked along the river until we found another way.",
        each=0.42,
    )
    for size in ((1920, 1080), (1080, 1920)):
        scenario = compose(transcript(said), INTENTION, size=size)
        assert not [f for f in lint(scenario, size=size) if f.severity == "error"]


def test_no_repair_outlasts_the_video() -> None:
    short = scenario(cue(1, "hi", 0, 2), cue(2, "you", 3, 3.4))
    (free,) = (one.repair for one in lint(short) if one.code == "too_short")
    (bound,) = (one.repair for one in lint(short, end=3.5) if one.code == "too_short")
    assert free is not None
    assert bound is not None
    assert patched(short, free).cues[1].end > 3.8
    assert 3.4 <= patched(short, bound).cues[1].end <= 3.5
    assert not [one for one in lint(patched(short, bound), end=3.5) if one.code == "too_short"]
