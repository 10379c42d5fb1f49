"""A script that somebody brings, on real speech with the real model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.engine.realign import realign
from ecg.analysis.interfaces import RealignJob, RealignOrder
from ecg.captions.transcript import Transcript, Word
from ecg.kernel.errors import InputRefused

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
JFK = MEDIA / "jfk.flac"
TTS = MEDIA / "tts_flite_slt_16.flac"
SAID = (
    "The quick brown fox jumps over the lazy dog, near the river! She bought 7 fresh oranges at "
    "the market this morning. Please remember to close the window before you leave the office. "
    "Our new telescope can see distant galaxies on a clear night."
)

Hear = Callable[..., Transcript]


def words_of(transcript: Transcript) -> list[Word]:
    return [word for segment in transcript.segments for word in segment.words]


def notes_of(transcript: Transcript) -> list[tuple[str, str | None]]:
    return [(note.code, note.text) for note in transcript.notes]


def test_the_wording_is_the_scripts_and_the_times_are_measured(hear: Hear) -> None:
    """Three words of what is said are left out of the script, and two that nobody says added."""
    script = SAID.replace("quick ", "").replace("fresh ", "").replace("clear ", "")
    script = script.replace("lazy dog", "very lazy dog").replace("you leave", "you finally leave")
    heard = hear(TTS, None, None, script)
    words = words_of(heard)
    assert [word.text for word in words] == script.split()
    assert sorted(notes_of(heard)) == [
        ("not_said", "finally"), ("not_said", "very"),
        ("not_written", "clear"), ("not_written", "fresh"), ("not_written", "quick"),
    ]  # fmt: skip
    unsaid = [word for word in words if word.text in {"very", "finally"}]
    assert [(word.timing, word.confidence) for word in unsaid] == [("interpolated", 0.0)] * 2
    assert [(word.loudness, word.pitch) for word in unsaid] == [(None, None)] * 2
    truth = json.loads((MEDIA / "tts_flite_slt_16.truth.json").read_text())["words"]
    known = {word["word"]: word for word in truth}
    times = {note.text: note.start for note in heard.notes if note.code == "not_written"}
    for text in ("clear", "fresh", "quick"):
        assert times[text] == pytest.approx(known[text]["start"], abs=0.06)
    kept = [word for word in truth if word["word"] not in {"quick", "fresh", "clear"}]
    said = [word for word in words if word not in unsaid]
    assert {word.timing for word in said} == {"aligned"}
    off = np.abs([w.start - k["start"] for w, k in zip(said, kept, strict=True)])
    assert off.mean() <= 0.020
    assert all(word.loudness is not None for word in said)


def test_labels_say_who_speaks_and_long_passages_that_nobody_says_are_left_out(hear: Hear) -> None:
    script = (
        "JOHN: And so, my fellow Americans,\nthis sentence was cut from the film before it was "
        "shown.\nask not what your country can do for you —\n\n[applause]\n\nCROWD: ask what you can "
        "do for your country."
    )
    heard = hear(JFK, None, None, script)
    assert [(speaker.id, speaker.name) for speaker in heard.speakers] == [
        ("s1", "JOHN"), ("s2", "CROWD"),
    ]  # fmt: skip
    assert [segment.speaker for segment in heard.segments] == ["s1", "s2"]
    assert [word.text for word in words_of(heard)] == [
        "And",
        "so,",
        "my",
        "fellow",
        "Americans,",
        "ask",
        "not",
        "what",
        "your",
        "country",
        "can",
        "do",
        "for",
        "you",
        "—",
        "ask",
        "what",
        "you",
        "can",
        "do",
        "for",
        "your",
        "country.",
    ]
    assert notes_of(heard) == [
        ("left_out", "this sentence was cut from the film before it was shown.")
    ]
    ends = {index: words_of(heard)[index].end for index in (5, 6, 13)}
    assert ends == pytest.approx({5: 3.67, 6: 4.30, 13: 7.53}, abs=0.060)  # where pauses begin


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("jfk.flac", "is not what is said: of its 14 words only"),
        ("silence5.flac", "no words were heard"),
    ],
)
def test_a_script_of_something_else_is_refused(hear: Hear, name: str, message: str) -> None:
    script = "Chop the onions and fry them until they are soft, then add the tomatoes"
    with pytest.raises(InputRefused, match=message):
        hear(MEDIA / name, None, None, script)


def test_terms_reach_the_recogniser_and_what_it_wrote(hear: Hear) -> None:
    name = MEDIA / "tts_flite_slt_name.flac"
    without, told = (
        [word.text for word in words_of(hear(name, "en", None, None, terms))]
        for terms in ((), ("Zbigniew", "the parser → The Parser"))
    )
    assert "Zbigniew" not in without
    assert told == ["My", "colleague", "Zbigniew", "wrote", "The", "Parser."]


@pytest.mark.parametrize(("first", "last"), [(0, 4), (5, 13), (16, 19)])
def test_an_edited_window_is_timed_as_a_whole_analysis_times_it(
    hear: Hear, first: int, last: int
) -> None:
    whole = hear(JFK)
    words = words_of(whole)[first : last + 1]
    speaker = whole.speakers[0]
    job = RealignJob(
        words[0].start, words[-1].end, tuple(word.text for word in words), "en",
        speaker.loudness_db, speaker.pitch_hz,
    )  # fmt: skip
    again = realign(RealignOrder(str(JFK), job)).words
    assert [word.text for word in again] == [word.text for word in words]
    assert {word.timing for word in again} == {"aligned"}
    for one, other in zip(again, words, strict=True):
        assert one.start == pytest.approx(other.start, abs=0.060)
        assert one.end == pytest.approx(other.end, abs=0.060)
        assert one.loudness == pytest.approx(other.loudness, abs=2)
        if one.pitch is not None and other.pitch is not None:
            assert one.pitch == pytest.approx(other.pitch, abs=2)
    assert sum(one.pitch is not None for one in again) >= len(words) // 2


def test_words_without_sounds_of_their_own_share_the_gap(hear: Hear) -> None:
    assert words_of(hear(JFK))
    job = RealignJob(3.2, 4.4, ("ask", "…", "not", "—"), "en")
    words = realign(RealignOrder(str(JFK), job)).words
    assert [word.timing for word in words] == ["aligned", "interpolated"] * 2
    times = [at for word in words for at in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 3.2
    assert times[-1] <= 4.4
    silent = RealignJob(2.4, 3.0, ("♪", "♫"), "en")
    words = realign(RealignOrder(str(JFK), silent)).words
    assert [(word.start, word.end) for word in words] == [(2.4, 2.7), (2.7, 3.0)]
