"""The stages in a row, window by window, so that memory does not grow with the file."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ecg.analysis.engine.align import Timed, align
from ecg.analysis.engine.assemble import Measured, assemble
from ecg.analysis.engine.decode import RATE, decode
from ecg.analysis.engine.doubts import is_spoken, without_loops
from ecg.analysis.engine.prosody import levels, loudness
from ecg.analysis.engine.regions import Window, windows
from ecg.analysis.engine.transcribe import Heard, Whisper, detect_language, load, transcribe
from ecg.analysis.interfaces import AnalysisProgress, AnalysisResult, EngineJob
from ecg.captions.transcript import Note
from ecg.media.info import VIDEO_LIMITS, VideoLimits
from ecg.media.probe import probe

Report = Callable[[AnalysisProgress], None]
"""Told where the work is; raises ``Cancelled`` to end it."""


@functools.lru_cache(maxsize=1)
def _model(folder: str, threads: int) -> Whisper:
    return load(Path(folder), threads)


def run(job: EngineJob, report: Report, limits: VideoLimits = VIDEO_LIMITS) -> AnalysisResult:
    """The whole analysis; ``AnalysisEngine.run`` holds the contract."""
    source = Path(job.source)
    media = probe(source, limits)
    total = media.duration
    report(AnalysisProgress("decode", 0, total))
    model = _model(job.model_folder, job.threads)
    words: list[Measured] = []
    notes: list[Note] = []
    spoken: Counter[str] = Counter()
    passed = 0
    for passed, found in windows(decode(source, job.audio_track, limits)):
        for window in found:
            report(AnalysisProgress("transcribe", min(window.start / RATE, total), total))
            usual = spoken.most_common(1)[0][0] if spoken else None
            language = job.language or detect_language(model, window, usual)
            heard, loops = without_loops(transcribe(model, window, language))
            timed = align(window.sound, heard, language)
            words += _measured(heard, timed, window, len(words))
            notes += _dropped(timed, loops, window)
            spoken[language] += len(window.sound)
        report(AnalysisProgress("transcribe", min(passed / RATE, total), total))
    language = job.language or (spoken.most_common(1)[0][0] if spoken else "und")
    transcript = assemble(words, notes, language, max(total, passed / RATE), job.model)
    report(AnalysisProgress("measure", total, total))
    return AnalysisResult(transcript, media)


def _measured(
    heard: list[Heard], timed: list[Timed], window: Window, phrase: int
) -> list[Measured]:
    """Words on the file's clock with their loudness, without those where nobody speaks."""
    level = levels(window.sound)
    begin = window.start / RATE
    return [
        Measured(
            text=word.text,
            start=begin + time.start,
            end=begin + time.end,
            confidence=word.confidence,
            timing=time.timing,
            level=loudness(level, time.start, time.end),
            phrase=phrase + word.phrase,
        )
        for word, time in zip(heard, timed, strict=True)
        if is_spoken(time.start, time.end, window)
    ]


def _dropped(timed: list[Timed], loops: list[Heard], window: Window) -> list[Note]:
    begin = window.start / RATE
    silent = [time for time in timed if not is_spoken(time.start, time.end, window)]
    spans = [(span.start, span.end) for span in (*silent, *loops)]
    return [
        Note("hallucination_dropped", round(begin + start, 3), round(begin + end, 3))
        for start, end in sorted(spans)
    ]
