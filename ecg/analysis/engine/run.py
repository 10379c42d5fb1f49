"""The stages in a row, piece by piece, so that memory does not grow with the file."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np

from ecg.analysis.engine import batched
from ecg.analysis.engine.align import Timed, align
from ecg.analysis.engine.assemble import Measured, assemble
from ecg.analysis.engine.contour import packed, piece_levels
from ecg.analysis.engine.decode import RATE, Sound, decode, stretches
from ecg.analysis.engine.doubts import believed, is_spoken
from ecg.analysis.engine.kept import Said, Sounding, keep, kept
from ecg.analysis.engine.language import by_language
from ecg.analysis.engine.memory import give_back
from ecg.analysis.engine.overlap import Segmentation, load_segmentation, overlaps
from ecg.analysis.engine.pitch import contour, pitch
from ecg.analysis.engine.prosody import HOP, ending, loudness
from ecg.analysis.engine.regions import Piece, Window, pieces
from ecg.analysis.engine.rewrite import hotwords, rewritten
from ecg.analysis.engine.script import Passage, follow, named, passage_of, speakers_named
from ecg.analysis.engine.sounds import gaps_heard, labelled
from ecg.analysis.engine.speakers import Voiced, speakers_of, voiced
from ecg.analysis.engine.transcribe import Heard, Whisper, load, transcribe
from ecg.analysis.engine.voices import Voices, load_voices
from ecg.analysis.interfaces import AnalysisProgress, AnalysisResult, EngineJob
from ecg.analysis.script import Written
from ecg.captions.transcript import Model, Note, Transcript
from ecg.media.info import VIDEO_LIMITS, VideoLimits
from ecg.media.probe import probe

T = TypeVar("T")

Report = Callable[[AnalysisProgress], None]
"""Told where the work is; raises ``Cancelled`` to end it."""
Measuring: TypeAlias = "tuple[Piece, Future[Sounding]]"
"""A piece and what is being measured of it."""


class Found(NamedTuple):
    """What is found of a whole file, in its order."""

    words: list[Measured]
    notes: list[Note]
    sounds: list[Sounding]
    """Of each piece."""


@functools.lru_cache(maxsize=1)
def _model(engine: str, folder: str, threads: int) -> Any:
    """A ``Whisper`` or WhisperX's ``Pipeline``."""
    loaded = batched.load_whisperx if engine == "whisperx" else load
    return loaded(Path(folder), threads)


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
    listen = _batched if engine == "whisperx" else _at_once
    voices = _load_voices(Path(job.voices)) if job.speakers != 1 else None
    spoken: Counter[str] = Counter()
    """Samples of speech in each language."""
    sounds: deque[Future[Sounding]] = deque()
    waiting: _Waiting | None = None
    phrases = 0
    passages: list[Passage] = []
    # beside the recogniser, which waits often
    with TemporaryFile() as file, ThreadPoolExecutor(1) as beside:

        def measured() -> Iterator[Measuring]:
            for piece in pieces(decode(source, job.audio_track, limits)):
                if len(sounds) > 1:  # where nobody speaks, measuring is what takes the longest
                    keep(sounds.popleft().result(), file)
                sounds.append(beside.submit(_measure, voices, piece))
                yield piece, sounds[-1]
                give_back()

        for hearing in listen(model, measured(), job, spoken, report, total):
            window, language, words, sound = hearing
            heard, dropped = believed(rewritten(words, job.terms))
            if job.script is None:
                timed = beside.submit(align, window.sound, heard, language)
                if waiting:
                    keep(_settled(waiting), file)
                waiting = _Waiting(window, heard, dropped, timed, sound, phrases)
                phrases += words[-1].phrase + 1 if words else 0
            else:
                passages.append(passage_of(window, heard, language))
        if waiting:
            keep(_settled(waiting), file)
        for sound in sounds:
            keep(sound.result(), file)
        found = _found(kept(file))
    labels: list[str | None] = []
    if job.script is not None:
        report(AnalysisProgress("measure", 0, total))
        labels = _follow(job.script, passages, decode(source, job.audio_track, limits), found)
    spans = [(word.start, word.end) for word in found.words]
    names = speakers_named(labels)
    certain = _give_speakers(found, spans, labels, names, job.speakers)
    usual = spoken.most_common(1)[0][0] if spoken else "und"
    transcript = _assembled(found, certain, job.language or usual, total, job.model)
    report(AnalysisProgress("measure", total, total))
    told = msgspec.structs.replace(transcript, model=Model(engine, job.model))
    levels = [sound.level for sound in found.sounds]
    voiced = [(sound.start, sound.f0) for sound in found.sounds]
    return AnalysisResult(named(told, names), media, packed(levels, voiced))


def _assembled(
    found: Found, certain: list[float], language: str, total: float, model: str
) -> Transcript:
    likely = np.concatenate([sound.likely for sound in found.sounds])
    return assemble(
        found.words,
        found.notes,
        labelled(likely, [(word.start, word.end) for word in found.words]),
        certain,
        language,
        max(total, found.sounds[-1].end / RATE),
        model,
        [span for sound in found.sounds for span in sound.overlaps],
    )


def _found(parts: Iterable[Sounding | Said]) -> Found:
    found = Found([], [], [])
    for part in parts:
        if isinstance(part, Sounding):
            found.sounds.append(part)
        else:
            found.words.extend(part.words)
            found.notes.extend(part.notes)
    return found


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
        heard = [voice for sound in found.sounds for voice in sound.voices]
        who, certain = speakers_of(heard, spans, given)
    for word, speaker in zip(found.words, who, strict=True):
        word.speaker = speaker
    return certain


class Hearing(NamedTuple):
    """A window, its language (ISO 639), its words, and what is being measured of its piece."""

    window: Window
    language: str
    words: list[Heard]
    sound: Future[Sounding]


def _at_once(  # noqa: PLR0913, PLR0917 - as _batched
    model: Whisper,
    measured: Iterable[Measuring],
    job: EngineJob,
    spoken: Counter[str],
    report: Report,
    total: float,
) -> Iterator[Hearing]:
    """Windows in their order, several of them heard beside each other."""

    def asked() -> Iterator[Hearing]:
        for piece, sound in measured:
            if not piece.regions:
                yield Hearing(Window(piece.start, piece.sound, []), "", [], sound)
            for whole in piece.windows:
                for window, language in _spoken(model, whole, job.language, spoken):
                    spoken[language] += len(window.sound)
                    yield Hearing(window, language, [], sound)

    def hear(asked: Hearing) -> Hearing:
        if not asked.window.regions:
            return asked
        return asked._replace(words=transcribe(model, asked.window, asked.language, expected))

    expected = hotwords(job.terms)
    with ThreadPoolExecutor(model.at_once) as hearers:
        for heard in _in_turn(hearers, hear, asked(), model.at_once):
            end = (heard.window.start + len(heard.window.sound)) / RATE
            report(AnalysisProgress("transcribe", min(end, total), total))
            if heard.window.regions:
                yield heard


def _in_turn(
    pool: ThreadPoolExecutor, do: Callable[[T], T], things: Iterable[T], ahead: int
) -> Iterator[T]:
    """What is done to each thing, in their order; up to ``ahead`` more are begun before one is waited
    for."""
    begun: deque[Future[T]] = deque()
    for thing in things:
        begun.append(pool.submit(do, thing))
        if len(begun) > ahead:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


def _batched(  # noqa: PLR0913, PLR0917 - as _at_once
    pipeline: Any,
    measured: Iterable[Measuring],
    job: EngineJob,
    spoken: Counter[str],
    report: Report,
    total: float,
) -> Iterator[Hearing]:
    for piece, sound in measured:

        def on_part(share: float, piece: Piece = piece) -> None:
            done = (piece.start + share * len(piece.sound)) / RATE
            report(AnalysisProgress("transcribe", min(done, total), total))

        aligners = Path(job.aligners)
        for window, language, words in batched.listen(
            pipeline, piece, job.language, aligners, on_part
        ):
            spoken[language] += len(window.sound)
            yield Hearing(window, language, words, sound)
        report(AnalysisProgress("transcribe", min(piece.end / RATE, total), total))


class _Waiting(NamedTuple):
    """A window whose words are heard but not yet timed and measured."""

    window: Window
    heard: list[Heard]
    dropped: list[Heard]
    timed: Future[list[Timed]]
    sound: Future[Sounding]
    phrase: int
    """Number of its first phrase in the file."""


def _settled(waiting: _Waiting) -> Said:
    window, heard, dropped, timing, measuring, phrase = waiting
    timed, sound = timing.result(), measuring.result()
    return Said(_measured(heard, timed, window, sound, phrase), _dropped(timed, dropped, window))


def _follow(
    script: tuple[Written, ...], passages: list[Passage], blocks: Iterator[Sound], found: Found
) -> list[str | None]:
    """Adds the script's words to what is found, with what is measured of those that are said;
    returns the label that each stands under."""
    spans = ((passage.start, passage.end) for passage in passages)
    words, notes = follow(script, passages, stretches(blocks, spans))
    found.notes.extend(notes)
    starts = [sound.start for sound in found.sounds]
    for word in words:
        level, tone, end = None, None, word.end
        if word.passage is not None:
            sound = found.sounds[bisect_right(starts, passages[word.passage].start) - 1]
            begin = sound.start / RATE
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


def _measure(models: tuple[Voices, Segmentation] | None, piece: Piece) -> Sounding:
    """``models`` is ``None`` where it is known that one alone speaks."""
    level = piece_levels(piece)
    f0 = np.zeros_like(level)
    heard: list[Voiced] = []
    spans: list[tuple[float, float]] = []
    for window in piece.windows:
        sound, begin = window.sound, window.start / RATE
        room = f0[round((window.start - piece.start) / HOP) :]
        high = contour(sound)[: len(room)]
        room[: len(high)] = high
        if models:
            voices, segmentation = models
            heard += voiced(voices, sound, window.regions, begin)
            spans += [
                (begin + first, begin + last) for first, last in overlaps(segmentation, sound)
            ]
    return Sounding(piece.start, piece.end, level, f0, gaps_heard(piece), heard, spans)


def _measured(
    heard: list[Heard], timed: list[Timed], window: Window, sound: Sounding, phrase: int
) -> list[Measured]:
    """Words on the file's clock with their loudness and pitch, without those where nobody
    speaks."""
    begin = sound.start / RATE
    later = (window.start - sound.start) / RATE
    spans = [(later + time.start, later + time.end) for time in timed]
    return [
        Measured(
            text=word.text,
            start=begin + start,
            end=begin + ending(sound.level, start, end),
            confidence=word.confidence,
            timing=time.timing,
            level=loudness(sound.level, start, end),
            pitch=pitch(sound.f0, start, end),
            phones=time.phones,
            phrase=phrase + word.phrase,
        )
        for word, time, (start, end) in zip(heard, timed, spans, strict=True)
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
