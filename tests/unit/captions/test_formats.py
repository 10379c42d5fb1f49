from __future__ import annotations

import json
import re

import pysubs2
import pytest

from ecg.captions.compose import compose
from ecg.captions.formats import export_captions
from ecg.captions.lines import lines_of
from ecg.captions.scenario import read_scenario
from ecg.captions.styles import load_style
from ecg.captions.text import width
from ecg.captions.transcript import Sound
from tests.unit.captions.documents import spoken, transcript

SAID = transcript(
    spoken("We went out early. Nobody had slept that night, and the road was longer than before."),
    spoken("No wait", start=3.0, speaker="s2"),
    sounds=(Sound(20, 25, "music", 0.9), Sound(30, 31, "door slams", 0.9)),
)
SCENARIO = compose(SAID, load_style("intention"))


def plain(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text).replace("\\N", " ")


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_a_player_reads_every_cue_at_its_time(kind: str) -> None:
    # pysubs2 takes two times inside a cue for those of the next
    text = re.sub(r"<\d[^>]*>", "", export_captions(SCENARIO, kind))
    file = pysubs2.SSAFile.from_string(text, format_=kind)
    marks = {"speech": "{}", "sound": "[{}]", "music": "♫ {} ♫"}
    wanted = [
        (
            round(cue.start * 1000),
            round(cue.end * 1000),
            marks[cue.kind].format(" ".join(word.text for word in cue.words)),
        )
        for cue in SCENARIO.cues
    ]
    assert [(line.start, line.end, plain(line.text)) for line in file] == wanted


def test_vtt_says_when_each_word_is_spoken() -> None:
    text = export_captions(SCENARIO, "vtt")
    assert text.startswith("WEBVTT")
    assert "We <00:00:00.300>went <00:00:00.600>out <00:00:00.900>early." in text


@pytest.mark.parametrize("document", [SAID, SCENARIO], ids=["transcript", "scenario"])
def test_one_cue_per_word(document: object) -> None:
    text = export_captions(document, "srt", words=True)  # type: ignore[arg-type]
    file = pysubs2.SSAFile.from_string(text, format_="srt")
    spoken_words = [w.text for segment in SAID.segments for w in segment.words]
    texts = [line.text for line in file]
    assert sorted(t for t in texts if not t.startswith(("[", "♫"))) == sorted(spoken_words)
    assert (file[0].start, file[0].end, file[0].text) == (0, 300, "We")


def test_json_is_the_document() -> None:
    assert read_scenario(export_captions(SCENARIO, "json")) == SCENARIO


def test_markup_is_shown_and_hidden_words_are_not() -> None:
    document = json.loads(
        export_captions(compose(transcript(spoken("a b c")), load_style("intention")), "json")
    )
    words = document["cues"][0]["words"]
    words[0]["text"] = "<i>{\\i1}&"
    words[1]["style"] = {"hidden": True}
    scenario = read_scenario(json.dumps(document))
    stamped = "&lt;i&gt;{\\i1}&amp;<00:00:00.300> <00:00:00.600>c<00:00:00.900>"
    assert stamped in export_captions(scenario, "vtt")
    assert "<i>{\\i1}& c" in export_captions(scenario, "srt")
    assert "b" not in re.sub(r"[^a-z]", "", export_captions(scenario, "srt").replace("{\\i1}", ""))


def test_nothing_in_a_word_ends_a_cue_or_loses_it() -> None:
    document = json.loads(
        export_captions(compose(transcript(spoken("a b c")), load_style("intention")), "json")
    )
    words = document["cues"][0]["words"]
    words[0]["text"] = "one\n\n2\n00:00:01,000 --> 00:00:02,000"
    words[1]["text"] = "{\\p1}two"
    words[2]["text"] = "x\\Ny"
    for kind in ("srt", "vtt"):
        text = export_captions(read_scenario(json.dumps(document)), kind)
        assert text.count("-->") == 1
        assert "\n\n" not in text.removeprefix("WEBVTT\n\n").rstrip("\n")
        assert "one 2 00:00:01,000" in text
        assert "p1}" in text
        assert "two" in text


def test_times_inside_a_vtt_cue_grow_and_lie_inside_it() -> None:
    document = json.loads(
        export_captions(compose(transcript(spoken("a b c d")), load_style("intention")), "json")
    )
    for word in document["cues"][0]["words"][1:3]:
        word["start"] = word["end"] = 0.3
    text = export_captions(read_scenario(json.dumps(document)), "vtt")
    assert "a <00:00:00.300>b c <00:00:00.900>d" in text


def test_a_transcript_is_paged_for_players() -> None:
    said = transcript(spoken("one two three four five six seven " * 6, each=0.25))
    file = pysubs2.SSAFile.from_string(export_captions(said, "srt"), format_="srt")
    assert len(file) > 1
    for line in file:
        assert len(line.text.split("\\N")) <= 2
        assert all(len(part) <= 42 for part in line.text.split("\\N"))


def test_lines_are_even_and_fit() -> None:
    words = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ]
    lines = lines_of(words, "en", 42)
    assert len(lines) == 2
    assert " ".join(lines) == " ".join(words)
    assert abs(len(lines[0]) - len(lines[1])) < 12
    assert lines_of(["x" * 60, "y"], "en", 42) == ["x" * 60, "y"]
    assert width("한국어 AB.", "ko") == 3 + 0.5 * 4
    assert width("cafe\u0301", "en") == 4
