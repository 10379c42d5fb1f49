from __future__ import annotations

import functools
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.catalogue import find_voices
from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.run import run
from ecg.analysis.interfaces import EngineJob
from ecg.analysis.pulling import pull
from ecg.analysis.script import read_script
from ecg.analysis.terms import read_terms
from ecg.captions.transcript import Transcript
from ecg.kernel.settings import load_settings

Hear = Callable[..., Transcript]


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The user's own models folder, with the base model in it (fetched the first time)."""
    folder = load_settings().settings.models_folder
    pull("base", folder, lambda _done, _total: None)
    return folder


@pytest.fixture(scope="session")
def hear(models_dir: Path) -> Hear:
    """The whole analysis in this process, so that the model is loaded once."""

    @functools.cache
    def heard(
        source: Path,
        language: str | None,
        speakers: int | None,
        script: str | None,
        terms: tuple[str, ...],
    ) -> Transcript:
        folder, voices = str(models_dir / "base"), str(find_voices(models_dir))
        written = None if script is None else read_script(script)
        job = EngineJob(
            str(source),
            "base",
            folder,
            voices,
            language,
            speakers,
            0,
            0,
            written,
            read_terms(terms),
        )
        return run(job, lambda _progress: None).transcript

    def asked(  # one key of the cache, however it is called
        source: Path,
        language: str | None = None,
        speakers: int | None = None,
        script: str | None = None,
        terms: tuple[str, ...] = (),
    ) -> Transcript:
        return heard(source, language, speakers, script, terms)

    return asked


@pytest.fixture(scope="session")
def write_wav() -> Callable[[Path, Sound], Path]:
    return _write_wav


def _write_wav(path: Path, sound: Sound) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path
