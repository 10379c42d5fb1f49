"""The stages in a row, window by window, so that memory does not grow with the file."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from faster_whisper import WhisperModel

from ecg.analysis.engine.assemble import Measured, assemble
from ecg.analysis.engine.decode import RATE, decode
from ecg.analysis.engine.prosody import levels, loudness
from ecg.analysis.engine.regions import Window, windows
from ecg.analysis.engine.transcribe import Hearing, load, transcribe
from ecg.analysis.interfaces import AnalysisProgress, AnalysisResult, EngineJob
from ecg.media.opened import probe

Report = Callable[[AnalysisProgress], None]
"""Told where the work is; raises ``Cancelled`` to end it."""


@functools.lru_cache(maxsize=1)
def _model(folder: str, threads: int) -> WhisperModel:
    return load(Path(folder), threads)


def run(job: EngineJob, report: Report) -> AnalysisResult:
    """The whole analysis; ``AnalysisEngine.run`` holds the contract."""
    source = Path(job.source)
    media = probe(source)
    total = media.duration
    report(AnalysisProgress("decode", 0, total))
    blocks = decode(source, job.audio_track)
    model = _model(job.model_folder, job.threads)
    words: list[Measured] = []
    spoken: Counter[str] = Counter()
    passed = 0
    for passed, found in windows(blocks):
        for window in found:
            report(AnalysisProgress("transcribe", window.start / RATE, total))
            hearing = transcribe(model, window, job.language)
            words += _measured(hearing, window, len(words))
            spoken[hearing.language] += len(window.sound)
        report(AnalysisProgress("transcribe", min(passed / RATE, total), total))
    language = job.language or (spoken.most_common(1)[0][0] if spoken else "und")
    transcript = assemble(words, [], language, max(total, passed / RATE), job.model)
    report(AnalysisProgress("measure", total, total))
    return AnalysisResult(transcript, media)


def _measured(hearing: Hearing, window: Window, phrase: int) -> list[Measured]:
    level = levels(window.sound)
    return [
        Measured(
            text=word.text,
            start=window.seconds + word.start,
            end=window.seconds + word.end,
            confidence=word.confidence,
            timing="estimated",
            level=loudness(level, word.start, word.end),
            phrase=phrase + word.phrase,
        )
        for word in hearing.words
    ]
