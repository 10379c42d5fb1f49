"""From sound to ink: what was said louder is drawn larger, through every stage there is."""

from __future__ import annotations

import json
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

MEDIA = Path(__file__).resolve().parents[1] / "fixtures/media"
WORD = "country"
RAISED = 9.0
"""dB by which the second recording has the word louder."""
SECONDS = 8.0
"""Of the speech: the half with the first of the word."""

Ecg = Callable[..., "subprocess.CompletedProcess[str]"]


def recording(path: Path, raised: tuple[float, float] | None) -> Path:
    """The jfk speech at half level, 16 kHz mono, with the span ``raised`` (seconds) louder."""
    with av.open(str(MEDIA / "jfk.flac")) as source:
        resampler = av.AudioResampler("flt", "mono", 16_000)
        pieces = [p for frame in source.decode(audio=0) for p in resampler.resample(frame)]
    sound = np.concatenate([piece.to_ndarray()[0] for piece in pieces]) * 0.3
    sound = sound[: round(SECONDS * 16_000)]
    if raised:
        first, last = (round(seconds * 16_000) for seconds in raised)
        sound[first:last] *= 10 ** (RAISED / 20)
    assert np.abs(sound).max() <= 1
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return path


def captioned(ecg: Ecg, video: Path, folder: Path, name: str) -> tuple[Path, dict[str, float]]:
    """The captioned video, and the first WORD of its scenario."""
    out, document = folder / f"{name}.mp4", folder / f"{name}.json"
    done = ecg("caption", video, "-o", out, "--save-scenario", document)
    assert done.returncode == 0, done.stderr
    words = [w for cue in json.loads(document.read_text())["cues"] for w in cue["words"]]
    return out, next(w for w in words if w["text"] == WORD)


def ink_height(video: Path, word: dict[str, float]) -> int:
    """Rows that the word covers: what turns from white to its speaker's amber as it is said,
    so from much blue to little."""
    with av.open(str(video)) as film:
        frames = {f.time: f.to_ndarray(format="rgb24").astype(int) for f in film.decode(video=0)}
    before = max(time for time in frames if time < word["start"] - 0.01)
    during = max(time for time in frames if time < word["end"] - 0.01)
    turned = (frames[before][..., 2] - frames[during][..., 2] > 70) & (frames[during][..., 0] > 150)
    rows = np.flatnonzero(turned.any(axis=1))
    return int(rows[-1] - rows[0] + 1)


def size_of(loudness: float) -> float:
    """Intention's own rule, as a ratio to its base size."""
    share = min(abs(loudness) / 12, 1)
    return 2.4 ** (share**1.4) if loudness > 0 else 0.7 ** (share**2)


def test_a_word_said_9_db_louder_is_drawn_larger_by_the_styles_rule(
    ecg: Ecg, tmp_path: Path, with_picture: Callable[..., Path]
) -> None:
    plain, usual = captioned(
        ecg, with_picture(recording(tmp_path / "usual.wav", None), (960, 540)), tmp_path, "usual"
    )
    louder, loud = captioned(
        ecg,
        with_picture(recording(tmp_path / "loud.wav", (usual["start"], usual["end"])), (960, 540)),
        tmp_path,
        "loud",
    )
    assert loud["loudness"] - usual["loudness"] == pytest.approx(RAISED, abs=1.0)
    ratio = ink_height(louder, loud) / ink_height(plain, usual)
    assert ratio == pytest.approx(size_of(loud["loudness"]) / size_of(usual["loudness"]), rel=0.1)
    assert ratio > 1.4
