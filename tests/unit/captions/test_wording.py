"""Case, punctuation and masks: what is written changes, what was measured stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg.captions.compose import Rules, compose
from ecg.captions.scenario import Scenario
from ecg.captions.styles import load_style
from ecg.captions.wording import Mask
from tests.unit.captions.documents import spoken, transcript

INTENTION = load_style("intention")


def written(text: str, language: str = "en", **rules: object) -> str:
    said = transcript(spoken(text), language=language)
    return shown(compose(said, INTENTION, rules=Rules(**rules)))  # type: ignore[arg-type]


def shown(scenario: Scenario) -> str:
    words = [word for cue in scenario.cues for word in cue.words]
    return " ".join(word.text for word in words if not (word.style and word.style.hidden))


@pytest.mark.parametrize(
    ("language", "case", "text", "wanted"),
    [
        ("en", "upper", "Hello, old friend.", "HELLO, OLD FRIEND."),
        ("en", "lower", "Hello, Ann.", "hello, ann."),
        ("de", "upper", "Die Straße", "DIE STRAẞE"),
        ("tr", "upper", "iyi ışık", "İYİ IŞIK"),
        ("tr", "lower", "IŞIK İyi", "ışık iyi"),
        ("en", "sentence", "so it is. “who knows?” ann does", "So it is. “Who knows?” Ann does"),
        ("en", "sentence", "SO I SAID. I'M LATE, MR. SMITH", "So I said. I'm late, mr. smith"),
        ("en", "sentence", "Ask NASA. they know", "Ask NASA. They know"),
        ("ko", "upper", "안녕 AI 친구", "안녕 AI 친구"),
    ],
)
def test_case(language: str, case: str, text: str, wanted: str) -> None:
    assert written(text, language, case=case) == wanted


@pytest.mark.parametrize(
    ("punctuation", "text", "wanted"),
    [
        ("soft", "Well, Mr. Hart: “go.” Now? Yes! So...", "Well Mr. Hart “go” Now? Yes! So..."),
        ("soft", "It was 3.5, in the U.S. then; e.g. here", "It was 3.5 in the U.S. then e.g. here"),
        ("none", "Well, Mr. Hart: “go.” Now? Don't! -5 (or so)…", "Well Mr. Hart go Now Don't -5 or so"),
        ("none", "half-done — at 3 p.m. dogs' 20%", "half-done at 3 p.m. dogs' 20%"),
        ("none", "そう、 です。", "そう です"),
        ("keep", "Well, then.", "Well, then."),
    ],
)  # fmt: skip
def test_punctuation(punctuation: str, text: str, wanted: str) -> None:
    assert written(text, punctuation=punctuation) == wanted


@pytest.mark.parametrize(
    ("language", "form", "text", "wanted"),
    [
        ("en", "first-last", "What the Hell, “HELL!” shell it", "What the H**l, “H**L!” shell it"),
        ("en", "all", "hell's bells damned goddamn", "****'s bells ****** goddamn"),
        ("en", "bleep", "you son of a gun, you", "you [bleep] [bleep] [bleep] [bleep], you"),
        ("en", "first-last", "an ox is no son of mine", "an ** is no son of mine"),
        ("ko", "all", "이 바보가 정말 바보같은 바보라니", "이 **가 정말 **같은 바보라니"),
        ("ja", "all", "お 馬 鹿 だ", "お * * だ"),
    ],
)
def test_masks(language: str, form: str, text: str, wanted: str) -> None:
    mask = Mask(("HELL", "damn*", "son of a gun", "ox", "바보", "馬鹿", "", "*"), form)  # type: ignore[arg-type]
    assert written(text, language, mask=mask) == wanted


def test_a_bleep_that_is_wider_than_its_word_still_fits_the_line() -> None:
    rules = Rules(characters=14, lines=1, mask=Mask(("ox",), "bleep"))
    for cue in compose(transcript(spoken("an ox " * 8)), INTENTION, rules=rules).cues:
        assert len(" ".join(word.text for word in cue.words)) <= 14


@given(
    st.lists(st.text("aB1가あß.,-—'“”…", min_size=1, max_size=8), min_size=1, max_size=12),
    st.sampled_from([None, "upper", "lower", "sentence"]),
    st.sampled_from(["keep", "soft", "none"]),
    st.sampled_from(["first-last", "all", "bleep"]),
)
def test_every_word_keeps_its_times_and_measurements(texts, case, punctuation, form) -> None:
    said = transcript(spoken(" ".join(texts)))
    rules = Rules(case=case, punctuation=punctuation, mask=Mask((texts[0], "b*"), form))
    heard = [word for segment in said.segments for word in segment.words]
    kept = [word for cue in compose(said, INTENTION, rules=rules).cues for word in cue.words]
    assert [(w.start, w.end, w.loudness) for w in kept] == [
        (w.start, w.end, w.loudness) for w in heard
    ]
    assert all(word.text for word in kept)
