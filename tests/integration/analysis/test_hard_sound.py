"""Sound as it comes: too quiet, clipped, by telephone, turned around, and no speech at all."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from ecg.analysis.engine.decode import RATE, Sound, decode
from ecg.captions.transcript import Transcript
from tests.integration.analysis.test_speech import JFK, JFK_TEXT, errors, plain

Hear = Callable[..., Transcript]


@pytest.fixture(scope="module")
def speech() -> Sound:
    return np.concatenate(list(decode(JFK, 0)))


def write(path: Path, *channels: Sound, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        pcm = np.clip(np.stack(channels, axis=1), -1, 1) * 32767
        file.writeframes(np.rint(pcm).astype("<i2").tobytes())
    return path


def at_rate(sound: Sound, rate: int) -> Sound:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    frame = av.AudioFrame.from_ndarray(sound[None], "flt", "mono")
    frame.sample_rate = RATE
    blocks = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([block.to_ndarray().reshape(-1) for block in blocks])


def telephone(sound: Sound) -> Sound:
    """300 to 3,400 Hz in 8-bit μ-law (G.711), as samples at 8 kHz."""
    narrow = at_rate(sound, 8000)
    spectrum = np.fft.rfft(narrow)
    hertz = np.fft.rfftfreq(len(narrow), 1 / 8000)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    band = np.fft.irfft(spectrum, len(narrow))
    coded = np.round(np.sign(band) * np.log1p(255 * np.abs(band)) / np.log(256) * 127) / 127
    return (np.sign(coded) * (256 ** np.abs(coded) - 1) / 255).astype(np.float32)


@pytest.mark.parametrize(
    "how", [pytest.param("clipped", marks=pytest.mark.full), "quiet and off zero", "telephone"]
)
def test_speech_is_heard_however_it_was_recorded(
    hear: Hear, speech: Sound, tmp_path: Path, how: str
) -> None:
    path = tmp_path / "speech.wav"
    if how == "telephone":
        write(path, telephone(speech), rate=8000)
    elif how == "clipped":
        write(path, np.clip(6 * speech, -0.9, 0.9))
    else:
        write(path, speech * np.float32(0.01) + np.float32(0.2))
    heard = " ".join(segment.text for segment in hear(path).segments)
    assert errors(plain(JFK_TEXT), plain(heard)) <= 1


def test_channels_that_cancel_are_heard(speech: Sound, tmp_path: Path) -> None:
    path = write(tmp_path / "turned.wav", speech, -speech)
    heard = np.concatenate(list(decode(path, 0)))
    assert np.corrcoef(heard, speech)[0, 1] > 0.999


def test_one_who_speaks_in_each_channel_is_heard_from_both(speech: Sound, tmp_path: Path) -> None:
    half = len(speech) // 2
    left, right = speech.copy(), speech.copy()
    left[half:], right[:half] = 0, 0
    heard = np.concatenate(list(decode(write(tmp_path / "two.wav", left, right), 0)))
    assert heard == pytest.approx(speech / 2, abs=1e-4)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 96_000, 192_000])
def test_every_sample_rate_gives_the_same_sound(speech: Sound, tmp_path: Path, rate: int) -> None:
    heard = np.concatenate(
        list(decode(write(tmp_path / "a.wav", at_rate(speech, rate), rate=rate), 0))
    )
    size = min(len(heard), len(speech))
    assert abs(len(heard) - len(speech)) < RATE // 50
    assert np.corrcoef(heard[:size], speech[:size])[0, 1] > 0.97


def breathing(random: np.random.Generator) -> Sound:
    """Noise that swells four times in ten seconds."""
    time = np.arange(10 * RATE) / RATE
    swell = np.maximum(0, np.sin(2 * np.pi * 0.4 * time)) ** 2
    return np.convolve(0.1 * swell * random.standard_normal(len(time)), np.ones(4) / 4, "same")


def applause(random: np.random.Generator) -> Sound:
    """Two hundred claps a second: bursts of noise that die away within hundredths of a second."""
    hits = np.zeros(10 * RATE)
    hits[random.integers(0, len(hits), 2000)] = random.uniform(0.2, 1, 2000)
    clap = random.standard_normal(RATE // 50) * np.exp(-np.arange(RATE // 50) / 60)
    return 0.1 * np.convolve(hits, clap, "same")


@pytest.mark.parametrize("noise", [breathing, applause])
def test_breath_and_applause_give_no_words(
    hear: Hear, tmp_path: Path, noise: Callable[[np.random.Generator], Sound]
) -> None:
    made = noise(np.random.default_rng(3)).astype(np.float32)
    assert hear(write(tmp_path / "noise.wav", made)).segments == ()
