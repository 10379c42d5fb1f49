"""What the speech engine must reach on sounds whose truth is known, with the real model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.engine.decode import RATE, Sound, decode
from ecg.captions.transcript import Transcript, Word, check_transcript

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
JFK = MEDIA / "jfk.flac"
TTS = MEDIA / "tts_flite_slt_16.flac"
JFK_TEXT = (
    "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
)

Hear = Callable[..., Transcript]
WriteWav = Callable[[Path, Sound], Path]


def sound_of(path: Path) -> Sound:
    return np.concatenate(list(decode(path, 0)))


def words_of(transcript: Transcript) -> list[Word]:
    return [word for segment in transcript.segments for word in segment.words]


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", "", text.lower()).split()


def errors(wanted: list[str], heard: list[str]) -> int:
    """Least number of words to put in, take out or change (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, want in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            before, row[j] = row[j], min(before + (want != got), row[j] + 1, row[j - 1] + 1)
    return row[-1]


MP4 = pytest.param("jfk_720p30.mp4", marks=pytest.mark.full)


@pytest.mark.parametrize("name", ["jfk.flac", MP4])
def test_a_speech_is_written_down_word_for_word(hear: Hear, name: str) -> None:
    heard = hear(MEDIA / name)
    # whether a comma follows "so" hangs on the last bit of a number, which processors round differently
    text = " ".join(segment.text for segment in heard.segments)
    assert plain(text) == plain(JFK_TEXT)
    assert heard.language == "en"
    assert [word.timing for word in words_of(heard)] == ["aligned"] * 22


@pytest.mark.parametrize("name", ["jfk.flac", MP4])
def test_words_after_a_pause_begin_where_the_pause_ends(hear: Hear, name: str) -> None:
    words = words_of(hear(MEDIA / name))
    for index, text, pause_ends in ((5, "ask", 3.29), (7, "what", 5.41), (14, "ask", 8.19)):
        assert words[index].text == text
        assert words[index].start == pytest.approx(pause_ends, abs=0.060)


def test_word_starts_on_synthetic_speech_with_known_times(hear: Hear) -> None:
    truth = json.loads((MEDIA / "tts_flite_slt_16.truth.json").read_text())["words"]
    words = words_of(hear(TTS))
    assert len(words) == len(truth)
    off = np.abs([word.start - known["start"] for word, known in zip(words, truth, strict=True)])
    assert off.mean() <= 0.020
    assert np.quantile(off, 0.95) <= 0.045
    assert errors([known["word"].lower() for known in truth], plain_words(words)) <= 2


def plain_words(words: list[Word]) -> list[str]:
    return plain(" ".join(word.text for word in words))


@pytest.mark.parametrize("name", ["synthetic_music24", "pinknoise5", "silence5"])
def test_what_is_no_speech_gives_no_words(hear: Hear, name: str) -> None:
    heard = hear(MEDIA / f"{name}.flac")
    assert heard.segments == ()
    assert heard.speakers == ()
    assert heard.language == "und"
    assert heard.duration > 4


@pytest.mark.full
def test_speech_under_music_is_still_heard(hear: Hear, write_wav: WriteWav, tmp_path: Path) -> None:
    speech = sound_of(JFK)
    music = sound_of(MEDIA / "synthetic_music24.flac")[: len(speech)]
    gain = np.sqrt(np.mean(speech**2) / np.mean(music**2)) * 10 ** (-10 / 20)
    mixed = write_wav(tmp_path / "mixed.wav", (speech + gain * music) * np.float32(0.5))
    heard = plain_words(words_of(hear(mixed)))
    assert errors(plain(JFK_TEXT), heard) / 22 <= 0.05
    assert heard.count("ask") == 2  # the first is soft, and after a pause


@pytest.mark.full
def test_a_word_9_db_louder_is_reported_so(hear: Hear, write_wav: WriteWav, tmp_path: Path) -> None:
    sound = sound_of(TTS) * np.float32(0.3)
    truth = json.loads((MEDIA / "tts_flite_slt_16.truth.json").read_text())["words"]
    at = 16
    span = slice(round(truth[at]["start"] * RATE), round(truth[at]["end"] * RATE))
    raised = sound.copy()
    raised[span] *= np.float32(10 ** (9 / 20))
    before = words_of(hear(write_wav(tmp_path / "before.wav", sound)))
    after = words_of(hear(write_wav(tmp_path / "after.wav", raised)))
    assert before[at].text == after[at].text == "oranges"
    gained = [b.loudness - a.loudness for a, b in zip(before, after, strict=True)]  # type: ignore[operator]
    assert gained[at] == pytest.approx(9, abs=1)
    others = gained[: at - 1] + gained[at + 2 :]
    assert np.median(np.abs(others)) < 0.5


def test_loudness_is_relative_to_the_speaker(hear: Hear) -> None:
    heard = hear(TTS)
    loudness = [word.loudness for word in words_of(heard)]
    assert np.median(loudness) == pytest.approx(0, abs=0.1)  # type: ignore[arg-type]
    assert heard.speakers[0].loudness_db is not None
    assert -40 < heard.speakers[0].loudness_db < 0


def test_words_end_where_their_pauses_begin(hear: Hear) -> None:
    words = words_of(hear(JFK))
    for index, text, pause_begins in ((5, "ask", 3.67), (6, "not", 4.30), (13, "you,", 7.53)):
        assert words[index].text == text
        assert words[index].end == pytest.approx(pause_begins, abs=0.060)


def test_a_rate_is_measured_and_does_not_tell_a_words_length(hear: Hear) -> None:
    words = words_of(hear(TTS))
    rates = [word.rate for word in words]
    assert np.median(rates) == pytest.approx(1, abs=0.02)  # type: ignore[arg-type]
    lengths = [len(word.text) for word in words]
    assert abs(np.corrcoef(lengths, np.log2(rates))[0, 1]) < 0.35  # type: ignore[arg-type]


def test_words_of_another_language_are_found_by_their_sounds(hear: Hear) -> None:
    truth = json.loads((MEDIA / "tts_espeak_es_16.truth.json").read_text())["words"]
    heard = hear(MEDIA / "tts_espeak_es_16.flac")
    assert heard.language == "es"
    said = [word.text.strip(".,¿?").lower() for word in words_of(heard)]
    starts = [word.start for word in words_of(heard)]
    known = [word["word"].lower() for word in truth]
    matched = SequenceMatcher(None, known, said, autojunk=False).get_matching_blocks()
    off = [
        abs(starts[block.b + k] - truth[block.a + k]["start"])
        for block in matched
        for k in range(block.size)
    ]
    assert len(off) >= 0.8 * len(truth)
    assert np.mean(off) <= 0.030
    assert np.quantile(off, 0.95) <= 0.080


@pytest.mark.parametrize("language", [pytest.param("ja", marks=pytest.mark.full), "ko"])
def test_times_hold_in_a_language_the_aligner_does_not_know(hear: Hear, language: str) -> None:
    heard = hear(JFK, language)
    assert heard.language == language
    assert words_of(heard)
    check_transcript(heard)


def test_words_are_written_as_people_read_them(hear: Hear) -> None:
    for segment in hear(JFK).segments:
        assert segment.text == " ".join(word.text for word in segment.words)
        assert all(word.text == word.text.strip() and word.text for word in segment.words)
