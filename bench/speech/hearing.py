"""What ECG hears, what faster-whisper hears with the same model, and what is told by comparing
them with what was said."""

from __future__ import annotations

import functools
import json
import re
import tempfile
import wave
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, cast

import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from ecg.analysis.catalogue import find_model, find_voices
from ecg.analysis.engine.decode import RATE, decode
from ecg.analysis.engine.run import run
from ecg.analysis.interfaces import EngineJob
from ecg.captions.transcript import Transcript
from ecg.kernel.settings import load_settings

MEDIA = Path(__file__).resolve().parents[2] / "tests/fixtures/media"

Said = list[tuple[str, float]]
"""Words with their starts in seconds."""


@functools.cache
def model_folder() -> Path:
    return find_model("base", load_settings().settings.models_folder)


def analyse(source: Path) -> Transcript:
    """The whole analysis, in this process."""
    voices = str(find_voices(load_settings().settings.models_folder))
    job = EngineJob(str(source), "base", str(model_folder()), voices, None, None, 0, 0)
    return run(job, lambda _progress: None).transcript


def ecg(source: Path) -> Said:
    return [(word.text, word.start) for one in analyse(source).segments for word in one.words]


@functools.cache
def _whisper() -> WhisperModel:
    return WhisperModel(
        str(model_folder()), device="cpu", compute_type="int8", local_files_only=True
    )


def alone(source: Path) -> Said:
    """faster-whisper as it is installed, with its own speech detector and word times; like ours, it
    finds out the language, and has the threads that it takes by itself."""
    segments, _ = cast("Any", _whisper()).transcribe(
        str(source), word_timestamps=True, vad_filter=True, beam_size=5,
        condition_on_previous_text=False,
    )  # fmt: skip
    return [(word.word, word.start) for segment in segments for word in segment.words]


def fixture(name: str) -> NDArray[np.float32]:
    return np.concatenate(list(decode(MEDIA / f"{name}.flac", 0)))


def known(name: str) -> Said:
    words = json.loads((MEDIA / f"{name}.truth.json").read_text())["words"]
    return [(word["word"].lower(), word["start"]) for word in words]


def written(folder: Path, name: str, sound: NDArray[np.float32], rate: int = RATE) -> Path:
    path = folder / f"{name}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def in_noise(sound: NDArray[np.float32], snr: float, noise: NDArray[np.float32]) -> NDArray[Any]:
    """``noise`` under the whole of ``sound`` at ``snr`` dB: RMS where somebody speaks (from 40 dB
    below the loudest 10 ms) against RMS of the noise."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    speech = power[power > power.max() * 1e-4].mean()
    under = np.resize(noise, len(sound))
    both = sound + under * np.sqrt(speech / 10 ** (snr / 10) / (under**2).mean())
    return both * min(1.0, 0.99 / np.abs(both).max())


def plain(words: Said) -> list[str]:
    return [re.sub(r"[^\w' ]", "", word.lower()).strip() for word, _ in words]


def off(truth: Said, heard: Said) -> NDArray[np.float64]:
    """Errors in ms of the starts of the words that were heard right."""
    matcher = SequenceMatcher(None, plain(truth), plain(heard), autojunk=False)
    return np.array(
        [
            1000 * (heard[block.b + k][1] - truth[block.a + k][1])
            for block in matcher.get_matching_blocks()
            for k in range(block.size)
        ]
    )


def error_rate(truth: list[str], heard: list[str]) -> float:
    """Word error rate: substitutions, insertions and deletions by the least edit distance."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(truth, 1):
        before, row = row, [number]
        for index, other in enumerate(heard, 1):
            row.append(min(before[index] + 1, row[-1] + 1, before[index - 1] + (word != other)))
    return row[-1] / len(truth)


def scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="ecg-bench-")
