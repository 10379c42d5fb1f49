"""Who speaks, how high, and what else is heard, on sound of which it is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.engine import pitch as pitch_of
from ecg.analysis.engine.decode import RATE, Sound, decode
from ecg.analysis.engine.pitch import LEAST, contour, pitch
from ecg.captions.compose import compose
from ecg.captions.lint import fix, lint
from ecg.captions.scenario import MAX_WORDS, check_scenario
from ecg.captions.styles import Style, list_styles
from ecg.captions.transcript import Transcript, Word

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
Hear = Callable[..., Transcript]


def share_right(heard: Transcript, name: str) -> float:
    """Of words by their middle, under the best naming of the speakers."""
    turns = json.loads((MEDIA / f"{name}.truth.json").read_text())["seg"]

    def speaker_at(word: Word) -> str:
        middle = (word.start + word.end) / 2
        return min(turns, key=lambda turn: max(turn[0] - middle, middle - turn[1], 0))[2]

    said = [(one.speaker, speaker_at(word)) for one in heard.segments for word in one.words]
    ours, theirs = sorted({a for a, _ in said}), sorted({b for _, b in said})
    assert len(ours) == len(theirs)
    return max(
        np.mean([dict(zip(ours, names, strict=True))[a] == b for a, b in said])
        for names in permutations(theirs)
    )


@pytest.mark.parametrize(("name", "count"), [("conv_mf2", 2), ("conv_m3", 3)])
def test_each_word_is_given_to_who_says_it(hear: Hear, name: str, count: int) -> None:
    heard = hear(MEDIA / f"{name}.flac")
    assert [speaker.id for speaker in heard.speakers] == [f"s{n}" for n in range(1, count + 1)]
    assert heard.segments[0].speaker == "s1"
    assert share_right(heard, name) >= 0.98
    assert all(speaker.confidence is not None for speaker in heard.speakers)
    assert min(speaker.confidence or 0 for speaker in heard.speakers) > 0.5


@pytest.mark.full
def test_a_number_of_speakers_that_is_given_is_kept(hear: Hear) -> None:
    assert len(hear(MEDIA / "conv_mf2.flac", None, 3).speakers) == 3


def test_one_who_speaks_is_one(hear: Hear) -> None:
    assert len(hear(MEDIA / "jfk.flac").speakers) == 1
    assert len(hear(MEDIA / "tts_flite_slt_16.flac").speakers) == 1


def sung(f0: float, seconds: float) -> Sound:
    """A vowel of harmonics that fall by 6 dB an octave."""
    time = np.arange(round(seconds * RATE)) / RATE
    parts = (np.sin(2 * np.pi * n * f0 * time) / n for n in range(1, int(4000 / f0)))
    return (0.1 * sum(parts)).astype(np.float32)


@pytest.mark.parametrize("f0", [85.0, 120.0, 210.0, 350.0])
def test_pitch_is_the_fundamental(f0: float) -> None:
    sound = np.concatenate([np.zeros(RATE // 2, np.float32), sung(f0, 1.0)])
    found = contour(sound)
    assert len(found) == 150
    assert not found[:45].any()
    assert pitch(found, 0.6, 1.4) == pytest.approx(f0, rel=0.01)
    # too little of it is not known, and never a default
    assert pitch(found, 0.0, 0.4) is None
    assert pitch(found, 0.8, 0.8 + (LEAST - 1) / 100) is None
    assert pitch(found, 3.0, 4.0) is None


def test_pitch_heard_in_blocks_is_as_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))
    in_blocks = contour(sound)
    monkeypatch.setattr(pitch_of, "_BLOCK", len(sound))
    np.testing.assert_allclose(in_blocks, contour(sound), rtol=1e-5)


def test_a_higher_word_is_as_many_semitones_higher(hear: Hear) -> None:
    for name in ("conv_mf2", "conv_m3"):
        heard = hear(MEDIA / f"{name}.flac")
        for speaker in heard.speakers:
            own = [
                word for one in heard.segments if one.speaker == speaker.id for word in one.words
            ]
            known = [word.pitch for word in own if word.pitch is not None]
            assert speaker.pitch_hz is not None
            assert 80 < speaker.pitch_hz < 300
            assert np.median(known) == pytest.approx(0, abs=0.2)
            assert len(known) >= 0.6 * len(own)
            assert np.quantile(np.abs(known), 0.9) < 12


# the median of all voiced frames by Praat 6.1 (autocorrelation), asked twice as docs/decisions/0043 says
@pytest.mark.parametrize(
    ("name", "hertz"), [("tts_flite_slt_16", 173.0), ("conv_m3", 179.2), ("jfk", 235.4)]
)
def test_pitch_is_praats(name: str, hertz: float) -> None:
    found = contour(np.concatenate(list(decode(MEDIA / f"{name}.flac", 0))))
    assert np.median(found[found > 0]) == pytest.approx(hertz, rel=0.03)


def test_music_is_labelled_and_never_over_speech(
    hear: Hear, tmp_path: Path, write_wav: Callable[[Path, Sound], Path]
) -> None:
    music = np.concatenate(list(decode(MEDIA / "synthetic_music24.flac", 0)))[: 8 * RATE]
    speech = np.concatenate(list(decode(MEDIA / "jfk.flac", 0)))
    quiet = np.zeros(RATE, np.float32)
    path = write_wav(tmp_path / "show.wav", np.concatenate([music, quiet, speech, quiet, music]))
    heard = hear(path)
    assert [sound.label for sound in heard.sounds] == ["music", "music"]
    first, last = heard.sounds
    assert first.start < 0.5
    assert first.end == pytest.approx(8.0, abs=0.7)
    assert last.start == pytest.approx(21.0, abs=0.7)
    assert last.end > 28
    words = [word for one in heard.segments for word in one.words]
    assert len(words) == 22
    for sound in heard.sounds:
        assert all(word.end <= sound.start or sound.end <= word.start for word in words)


@pytest.mark.parametrize("name", ["jfk", "conv_m3", "pinknoise5", "silence5"])
def test_what_is_no_music_is_not_labelled(hear: Hear, name: str) -> None:
    assert hear(MEDIA / f"{name}.flac").sounds == ()


def test_two_who_speak_at_once_are_flagged_and_turns_are_not(
    hear: Hear, tmp_path: Path, write_wav: Callable[[Path, Sound], Path]
) -> None:
    """The second begins 2.0 s before the first, who speaks from 0.3 to 5.63 s, is at an end."""
    first, second = (
        np.concatenate(list(decode(MEDIA / f"librispeech/{name}.flac", 0)))
        for name in ("1998-15444-0001", "3005-163389-0000")
    )
    second = second[: 5 * RATE] * (first.std() / second.std())
    begin = round(3.11 * RATE)
    sound = np.zeros(begin + len(second), np.float32)
    sound[: len(first)] += first
    sound[begin:] += second
    heard = hear(write_wav(tmp_path / "both.wav", sound))
    (note,) = (note for note in heard.notes if note.code == "overlap")
    assert (note.start, note.end) == pytest.approx((3.63, 5.63), abs=0.4)
    assert {one.overlap for one in heard.segments if one.start < 5 and one.end > 4} == {True}
    apart = hear(MEDIA / "conv_mf2.flac")
    assert not any(one.overlap for one in apart.segments)
    assert [note for note in apart.notes if note.code == "overlap"] == []


@pytest.mark.parametrize("style", list_styles(), ids=lambda style: style.name)
def test_captions_of_what_is_heard_keep_to_their_style_and_their_repairs_leave_none(
    hear: Hear, style: Style
) -> None:
    sizes = ((1920, 1080), (1080, 1920))
    for at, name in enumerate(("conv_m3", "jfk", "conv_mf2", "tts_flite_slt_16")):
        size = sizes[at % 2]
        scenario = compose(hear(MEDIA / f"{name}.flac"), style, size=size)
        most = style.paging.words or MAX_WORDS
        assert max(len(cue.words) for cue in scenario.cues) <= most
        mended = fix(scenario, size=size, language="en")
        check_scenario(mended)
        assert max(len(cue.words) for cue in mended.cues) <= most
        assert not [found for found in lint(mended, size=size, language="en") if found.repair]
        texts, kept = (
            sorted(word.text for cue in one.cues for word in cue.words)
            for one in (scenario, mended)
        )
        assert texts == kept
