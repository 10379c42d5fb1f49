"""Languages other than English, and two in one clip, by synthetic voices."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from ecg.captions.compose import compose
from ecg.captions.styles import load_style
from ecg.captions.text import inseparable
from ecg.captions.transcript import Transcript, check_transcript

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
Hear = Callable[..., Transcript]


# the voice's Korean is not told from Thai, so its language is given
@pytest.mark.parametrize(
    ("name", "given", "language", "heard_of_it"),
    [
        pytest.param(
            "tts_espeak_de",
            None,
            "de",
            {"Guten", "treffen", "uns", "Bibliothek"},
            marks=pytest.mark.full,
        ),
        ("tts_espeak_ko", "ko", "ko", set[str]()),
        ("tts_en_de", None, "de", {"The", "lazy", "river.", "ist", "heute", "sehr"}),
    ],
)
def test_words_of_any_language_are_in_order_and_in_the_file(
    hear: Hear, name: str, given: str | None, language: str, heard_of_it: set[str]
) -> None:
    heard = hear(MEDIA / f"{name}.flac", given)
    check_transcript(heard)
    assert heard.language == language
    words = [word for segment in heard.segments for word in segment.words]
    assert heard_of_it <= {word.text for word in words}
    assert len(words) >= 4
    assert all(0 <= word.start < word.end <= heard.duration for word in words)
    assert all(one.end <= other.start + 1e-3 for one, other in pairwise(words))
    shown = [
        word.text for cue in compose(heard, load_style("broadcast")).cues for word in cue.words
    ]
    assert shown == [word.text for word in words]
    if name == "tts_espeak_ko":
        assert all("가" <= letter <= "힣" for word in words for letter in word.text.strip(".,?!"))


def test_no_syllable_of_a_script_without_spaces_is_torn(hear: Hear) -> None:
    # what it says is not Thai, yet is written in it
    heard = hear(MEDIA / "tts_espeak_ko.flac", "th")
    words = [word.text for segment in heard.segments for word in segment.words]
    assert sum("\u0e00" <= letter <= "\u0eff" for word in words for letter in word) > 20
    assert not [both for both in pairwise(words) if inseparable(*both)]


def test_each_language_of_a_clip_is_written_in_its_own(hear: Hear) -> None:
    heard = hear(MEDIA / "tts_en_de.flac")
    words = [word for segment in heard.segments for word in segment.words]
    english = [word.text for word in words if word.end <= 4.0]
    assert english[-3:] == ["near", "the", "river."]
    assert not {"The", "the"} & {word.text for word in words if word.start >= 4.0}
