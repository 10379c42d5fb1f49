"""When words begin: against synthesisers' own times and the pauses of a real speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.speech.hearing import (
    MEDIA,
    Said,
    alone,
    ecg,
    error_rate,
    in_noise,
    known,
    off,
    plain,
    scratch,
    written,
)
from bench.speech.synthesisers import VOICES, Spoken, missing, speak
from bench.speech.table import Row

MEAN, P95 = 20.0, 45.0
PAUSE_ENDS = {"ask (3.29)": (5, 3.29), "what (5.41)": (7, 5.41), "ask (8.19)": (14, 8.19)}
PAUSE_BOUND = 60.0
RATES = (120, 200)
NOISES = (20, 10, 0)
BOUND = f"mean ≤{MEAN:.0f}, p95 ≤{P95:.0f} ms"


def rows() -> list[Row]:
    found = [_row("tts_flite_slt_16.flac", known("tts_flite_slt_16"), MEDIA, BOUND)]
    found.append(_row("tts_espeak_es_16.flac", known("tts_espeak_es_16"), MEDIA, ""))
    lacking = missing()
    found += [Row(f"not measured: {name} is not installed", "") for name in lacking]
    with scratch() as folder:
        for voice in VOICES:
            if not any(name.startswith(voice.split()[0]) for name in lacking):
                found += _voice(voice, Path(folder))
    return [*found, *_pauses()]


def _voice(voice: str, folder: Path) -> list[Row]:
    usual = speak(voice, 160)
    found = [_spoken(f"{voice}, 160 wpm", usual, folder, BOUND)]
    found += [_spoken(f"{voice}, {wpm} wpm", speak(voice, wpm), folder) for wpm in RATES]
    hiss = np.random.default_rng(0).standard_normal(len(usual.sound)).astype(np.float32)
    for snr in NOISES:
        noisy = usual._replace(sound=in_noise(usual.sound, snr, hiss))
        found.append(_spoken(f"{voice}, white noise {snr} dB", noisy, folder))
    return found


def _spoken(line: str, spoken: Spoken, folder: Path, bound: str = "") -> Row:
    path = written(folder, "spoken", spoken.sound, spoken.rate)
    return _row(line, spoken.words, path, bound)


def _row(line: str, truth: Said, path: Path, bound: str) -> Row:
    source = path / line if path.is_dir() else path
    ours, theirs = ecg(source), alone(source)
    errors = np.abs(off(truth, ours))
    met = bool(errors.mean() <= MEAN and np.quantile(errors, 0.95) <= P95)
    return Row(line, _told(truth, ours), _told(truth, theirs), bound, met if bound else None)


def _told(truth: Said, heard: Said) -> str:
    errors = np.abs(off(truth, heard))
    if not len(errors):
        return "no word heard"
    wrong = error_rate(plain(truth), plain(heard))
    return f"{errors.mean():.0f} / {np.quantile(errors, 0.95):.0f} ms, WER {wrong:.1%}"


def _pauses() -> list[Row]:
    ours, theirs = (hear(MEDIA / "jfk.flac") for hear in (ecg, alone))
    found = []
    for word, (index, end) in PAUSE_ENDS.items():
        late, other = (1000 * (said[index][1] - end) for said in (ours, theirs))
        met = abs(late) <= PAUSE_BOUND
        bound = f"within {PAUSE_BOUND:.0f} ms"
        found.append(Row(f"jfk, {word}", f"{late:+.0f} ms", f"{other:+.0f} ms", bound, met))
    return found
