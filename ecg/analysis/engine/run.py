"""The stages in a row, piece by piece, so that memory does not grow with the file."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ecg.analysis.engine import batched
from ecg.analysis.engine.align import Timed, align
from ecg.analysis.engine.assemble import Measured, assemble
from ecg.analysis.engine.contour import packed, piece_levels
from ecg.analysis.engine.decode import RATE, Sound, decode, stretches
from ecg.analysis.engine.doubts import believed, is_spoken
from ecg.analysis.engine.language import by_language
from ecg.analysis.engine.overlap import Segmentation, load_segmentation, overlaps
from ecg.analysis.engine.pitch import contour, pitch
from ecg.analysis.engine.prosody import ending, levels, loudness
from ecg.analysis.engine.regions import Piece, Window, pieces
from ecg.analysis.engine.rewrite import hotwords, rewritten
from ecg.analysis.engine.script import Passage, follow, named, passage_of, speakers_named
from ecg.analysis.engine.sounds import gaps_heard, labelled
from ecg.analysis.engine.speakers import Voiced, speakers_of, voiced
from ecg.analysis.engine.transcribe import Heard, Whisper, load, transcribe
from ecg.analysis.engine.voices import Voices, load_voices
from ecg.analysis.interfaces import AnalysisProgress, AnalysisResult, EngineJob
from ecg.analysis.script import Written
from ecg.captions.transcript import Model, Note
from ecg.media.info import VIDEO_LIMITS, VideoLimits
from ecg.media.probe import probe

Report = Callable[[AnalysisProgress], None]
"""Told where the work is; raises ``Cancelled`` to end it."""


class Found(NamedTuple):
    """What is measured of a whole file on the way, in its order."""

    words: list[Measured]
    notes: list[Note]
    voices: list[Voiced]
    likely: list[NDArray[np.float32]]
    """Of singing and music, in each piece."""
    spoken: Counter[str]
    """Samples of speech in each language."""
    levels: list[NDArray[np.float32]]
    """In each piece, dBFS of 10 ms frames."""
    voiced: list[tuple[int, NDArray[np.float32]]]
    """Of each window, its first sample and F0 in Hz of 10 ms frames."""
    overlaps: list[tuple[float, float]]
    """Where two speak at once, seconds."""


@functools.lru_cache(maxsize=1)
def _model(engine: str, folder: str, threads: int) -> Any:
    """A ``Whisper`` or WhisperX's ``Pipeline``."""
    loaded = batched.load_whisperx if engine == "whisperx" else load
    return loaded(Path(folder), threads)


def _give_back() -> None:
    """Memory that is free between what is kept, to the system: glibc gives back by itself only what is
    free at the end, and what a minute leaves there lies in the way."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def _load_voices(path: Path) -> tuple[Voices, Segmentation]:
    return load_voices(path), load_segmentation(path.with_name("segmentation.pt"))


def run(job: EngineJob, report: Report, limits: VideoLimits = VIDEO_LIMITS) -> AnalysisResult:
    """The whole analysis; ``AnalysisEngine.run`` holds the contract."""
    source = Path(job.source)
    media = probe(source, limits)
    total = media.duration
    report(AnalysisProgress("decode", 0, total))
    engine = batched.choose(job.engine)
    model = _model(engine, job.model_folder, job.threads)
    listen = _batched if engine == "whisperx" else _one_by_one
    hearing = _load_voices(Path(job.voices)) if job.speakers != 1 else None
    found = Found([], [], [], [], Counter(), [], [], [])
    passed = 0
    waiting: list[_Waiting] = []
    passages: list[_Passing] = []
    # beside the recogniser, which often leaves a core idle, the window before is aligned and measured
    with ThreadPoolExecutor(1) as beside:
        for piece in pieces(decode(source, job.audio_track, limits)):
            likely = beside.submit(gaps_heard, piece)
            for window, hear in listen(model, piece, job, found.spoken, report, total):
                sound = beside.submit(_measure, hearing, window)
                language, words = hear()
                heard, dropped = believed(rewritten(words, job.terms))
                found.spoken[language] += len(window.sound)
                if job.script is None:
                    timed = beside.submit(align, window.sound, heard, language)
                    _settle(waiting, found)
                    waiting.append(_Waiting(window, heard, dropped, timed, sound))
                else:
                    passages.append(_Passing(passage_of(window, heard, language), sound))
            found.likely.append(likely.result())
            found.levels.append(piece_levels(piece))
            passed = piece.end
            _give_back()
            report(AnalysisProgress("transcribe", min(passed / RATE, total), total))
        _settle(waiting, found)
    labels: list[str | None] = []
    if job.script is not None:
        report(AnalysisProgress("measure", 0, total))
        labels = _follow(job.script, passages, decode(source, job.audio_track, limits), found)
    spans = [(word.start, word.end) for word in found.words]
    names = speakers_named(labels)
    certain = _give_speakers(found, spans, labels, names, job.speakers)
    transcript = assemble(
        found.words,
        found.notes,
        labelled(np.concatenate(found.likely), spans),
        certain,
        job.language or (found.spoken.most_common(1)[0][0] if found.spoken else "und"),
        max(total, passed / RATE),
        job.model,
        found.overlaps,
    )
    report(AnalysisProgress("measure", total, total))
    told = msgspec.structs.replace(transcript, model=Model(engine, job.model))
    return AnalysisResult(named(told, names), media, packed(found.levels, found.voiced))


def _give_speakers(
    found: Found,
    spans: list[tuple[float, float]],
    labels: list[str | None],
    names: list[str],
    given: int | None,
) -> list[float]:
    """Tells each word its speaker, by a script's labels where it has names, else by the voices; how
    sure it is of each speaker."""
    if names:
        who, certain = [names.index(label or "") for label in labels], [1.0] * len(names)
    else:
        who, certain = speakers_of(found.voices, spans, given)
    for word, speaker in zip(found.words, who, strict=True):
        word.speaker = speaker
    return certain


Hearing = tuple[Window, Callable[[], tuple[str, list[Heard]]]]
"""A window and what hears it: its language and words."""


def _one_by_one(  # noqa: PLR0913, PLR0917 - as _batched
    model: Whisper,
    piece: Piece,
    job: EngineJob,
    spoken: Counter[str],
    report: Report,
    total: float,
) -> Iterator[Hearing]:
    expected = hotwords(job.terms)
    for whole in piece.windows:
        report(AnalysisProgress("transcribe", min(whole.start / RATE, total), total))
        for window, language in _spoken(model, whole, job.language, spoken):

            def hear(window: Window = window, language: str = language) -> tuple[str, list[Heard]]:
                return language, transcribe(model, window, language, expected)

            yield window, hear


def _batched(
    pipeline: Any,
    piece: Piece,
    job: EngineJob,
    _spoken: Counter[str],
    report: Report,
    total: float,
) -> Iterator[Hearing]:
    def on_part(share: float) -> None:
        done = (piece.start + share * len(piece.sound)) / RATE
        report(AnalysisProgress("transcribe", min(done, total), total))

    stretches = batched.listen(pipeline, piece, job.language, Path(job.aligners), on_part)
    for window, language, words in stretches:
        yield window, lambda language=language, words=words: (language, words)


class _Waiting(NamedTuple):
    """A window whose words are heard but not yet timed and measured."""

    window: Window
    heard: list[Heard]
    dropped: list[Heard]
    timed: Future[list[Timed]]
    sound: Future[_Sounding]


def _settle(waiting: list[_Waiting], found: Found) -> None:
    """Adds what is waited for to what is found."""
    for window, heard, dropped, timing, measuring in waiting:
        timed, sound = timing.result(), measuring.result()
        found.voices.extend(sound.voices)
        found.overlaps.extend(sound.overlaps)
        found.voiced.append((window.start, sound.f0))
        found.words.extend(_measured(heard, timed, window, sound, len(found.words)))
        found.notes.extend(_dropped(timed, dropped, window))
    waiting.clear()


class _Passing(NamedTuple):
    """A window whose words wait for the whole file, to be told what of a script is said in it."""

    passage: Passage
    sound: Future[_Sounding]


def _follow(
    script: tuple[Written, ...], passing: list[_Passing], blocks: Iterator[Sound], found: Found
) -> list[str | None]:
    """Adds the script's words to what is found, with what is measured of those that are said;
    returns the label that each stands under."""
    passages = [each.passage for each in passing]
    spans = ((passage.start, passage.end) for passage in passages)
    words, notes = follow(script, passages, stretches(blocks, spans))
    found.notes.extend(notes)
    sounds = [each.sound.result() for each in passing]
    for passage, sound in zip(passages, sounds, strict=True):
        found.voices.extend(sound.voices)
        found.overlaps.extend(sound.overlaps)
        found.voiced.append((passage.start, sound.f0))
    for word in words:
        level, tone, end = None, None, word.end
        if word.passage is not None:
            begin, sound = passages[word.passage].start / RATE, sounds[word.passage]
            level = loudness(sound.level, word.start - begin, word.end - begin)
            tone = pitch(sound.f0, word.start - begin, word.end - begin)
            end = begin + ending(sound.level, word.start - begin, word.end - begin)
        found.words.append(
            Measured(
                text=word.word.text,
                start=word.start,
                end=end,
                confidence=word.confidence,
                timing=word.timing,
                level=level,
                pitch=tone,
                phones=word.phones,
                phrase=word.phrase,
            )
        )
    return [word.word.speaker for word in words]


def _spoken(
    model: Whisper, window: Window, given: str | None, spoken: Counter[str]
) -> Iterable[tuple[Window, str]]:
    """The parts of a window that are of one language each, with that; a given one is not doubted."""
    if given:
        return [(window, given)]
    return by_language(model, window, spoken.most_common(1)[0][0] if spoken else None)


class _Sounding(NamedTuple):
    """A window's loudness in dBFS and F0 in Hz, each 10 ms, its voices, and where two of them speak
    at once, seconds of the file."""

    level: NDArray[np.float64]
    f0: NDArray[np.float32]
    voices: list[Voiced]
    overlaps: list[tuple[float, float]]


def _measure(hearing: tuple[Voices, Segmentation] | None, window: Window) -> _Sounding:
    """``hearing`` is ``None`` where it is known that one alone speaks."""
    sound, begin = window.sound, window.start / RATE
    heard: list[Voiced] = []
    spans: list[tuple[float, float]] = []
    if hearing:
        voices, segmentation = hearing
        heard = voiced(voices, sound, window.regions, begin)
        spans = [(begin + first, begin + last) for first, last in overlaps(segmentation, sound)]
    return _Sounding(levels(sound), contour(sound), heard, spans)


def _measured(
    heard: list[Heard], timed: list[Timed], window: Window, sound: _Sounding, phrase: int
) -> list[Measured]:
    """Words on the file's clock with their loudness and pitch, without those where nobody
    speaks."""
    begin = window.start / RATE
    return [
        Measured(
            text=word.text,
            start=begin + time.start,
            end=begin + ending(sound.level, time.start, time.end),
            confidence=word.confidence,
            timing=time.timing,
            level=loudness(sound.level, time.start, time.end),
            pitch=pitch(sound.f0, time.start, time.end),
            phones=time.phones,
            phrase=phrase + word.phrase,
        )
        for word, time in zip(heard, timed, strict=True)
        if is_spoken(time.start, time.end, window)
    ]


def _dropped(timed: list[Timed], unbelieved: list[Heard], window: Window) -> list[Note]:
    """A note for each word where nobody speaks, and for each phrase that was not believed."""
    begin = window.start / RATE
    silent = [time for time in timed if not is_spoken(time.start, time.end, window)]
    spans = [(time.start, time.end) for time in silent]
    for _, group in groupby(unbelieved, key=lambda word: word.phrase):
        words = list(group)
        spans.append((words[0].start, words[-1].end))
    return [
        Note("hallucination_dropped", round(begin + start, 3), round(begin + end, 3))
        for start, end in sorted(spans)
    ]
