"""Emphasis stands out from its neighbours, and what is not measured stays unknown."""

from __future__ import annotations

import msgspec
import pytest

from ecg.captions.compose import compose
from ecg.captions.emphasis import emphases
from ecg.captions.styles import load_style
from ecg.captions.transcript import Model, Segment, Speaker, Transcript, Word

PLAIN = {"loudness": 0.0, "pitch": 0.0, "rate": 1.0}


def said(*measured: dict[str, object], gap: float = 0.0, speaker: str = "s1") -> Segment:
    words = tuple(
        Word(
            text=str(one.get("text", "word")),
            start=i * (0.3 + gap),
            end=i * (0.3 + gap) + 0.3,
            confidence=1,
            timing="aligned",
            **{name: one.get(name, value) for name, value in PLAIN.items()},
        )
        for i, one in enumerate(measured)
    )
    return Segment(id="g1", start=0, end=words[-1].end, speaker=speaker, text="", words=words)


def transcript(*segments: Segment) -> Transcript:
    speakers = tuple(Speaker(one, None, None, None) for one in {s.speaker for s in segments})
    return Transcript(1, "en", 99.0, Model("e", "m"), speakers, segments)


def found(*measured: dict[str, object], gap: float = 0.0) -> list[float | None]:
    segment = said(*measured, gap=gap)
    known = emphases(transcript(segment))
    return [known.get(("s1", word.start)) for word in segment.words]


def with_one(**measure: object) -> list[float | None]:
    return found({}, {}, {}, measure, {}, {}, {}, {})


@pytest.mark.parametrize("measure", [{"loudness": 6.0}, {"rate": 0.5}, {"pitch": 8.0}])
def test_each_measure_alone_makes_a_word_stand_out(measure: dict[str, object]) -> None:
    values = with_one(**measure)
    assert values[3] is not None
    assert values[3] > 0
    assert [value for i, value in enumerate(values) if i != 3] == [0] * 7


def test_loudness_tells_most_and_all_three_together_more() -> None:
    one = {"loudness": 7.5, "rate": 2**-0.75, "pitch": 6.0}
    loud, slow, high = (with_one(**{name: value})[3] or 0 for name, value in one.items())
    assert loud > slow > high > 0
    assert (with_one(**one)[3] or 0) > loud


def test_softer_faster_and_lower_is_no_emphasis() -> None:
    assert with_one(loudness=-9.0, rate=2.0, pitch=-6.0)[3] == 0


def test_a_phrase_that_is_loud_throughout_stands_out_nowhere() -> None:
    loud = {"loudness": 6.0}
    assert found(*[{}] * 6, *[loud] * 6)[8:] == [0] * 4


@pytest.mark.parametrize(
    "measure", [{"loudness": None}, {"rate": None, "pitch": None}, dict.fromkeys(PLAIN)]
)
def test_what_is_not_measured_is_not_known_and_no_zero(measure: dict[str, object]) -> None:
    assert with_one(**measure)[3] is None


def test_a_word_without_pitch_is_told_by_the_rest() -> None:
    assert (with_one(loudness=6.0, pitch=None)[3] or 0) > 0.5


def test_little_speech_tells_nothing() -> None:
    assert found({}, {"loudness": 9.0}, {}, {}) == [None] * 4


def test_the_end_of_a_phrase_is_drawn_out_and_not_emphasised() -> None:
    slow = {"rate": 0.4}
    assert with_one(**slow, text="word,")[3] == 0
    assert with_one(**slow, text="word.")[3] == 0
    assert found({}, {}, {}, slow, {}, {}, {}, {}, gap=0.3)[3] == 0


def test_a_voice_that_hardly_varies_is_not_exaggerated() -> None:
    assert (with_one(loudness=0.8, pitch=0.3)[3] or 0) == 0


def test_speakers_are_measured_by_their_own_words_and_compose_keeps_it() -> None:
    one = said(*[{}] * 5, {"loudness": 8.0}, *[{}] * 5)
    other = said(*[{"loudness": None}] * 11, speaker="s2")
    scenario = compose(transcript(one, other), load_style("pop"))
    shown = {s: [w for c in scenario.cues if c.speaker == s for w in c.words] for s in ("s1", "s2")}
    values = [word.emphasis for word in shown["s1"]]
    assert values[5] == max(values) > 0.6
    assert [word.emphasis for word in shown["s2"]] == [None] * 11
    assert b'"emphasis":0.0' in msgspec.json.encode(shown["s1"][0])
    assert b"emphasis" not in msgspec.json.encode(shown["s2"][0])
