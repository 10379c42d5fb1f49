"""Sound → words, by Whisper (faster-whisper on CTranslate2)."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias, cast

import ctranslate2
import faster_whisper
import msgspec
import numpy as np
from faster_whisper import audio
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.memory import Frugal, in_turn
from ecg.analysis.engine.regions import Window
from ecg.captions.text import inseparable
from ecg.captions.transcript import Timing
from ecg.kernel.processors import processors

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages written without spaces: Whisper's words are single signs there."""
_DEAD = frozenset({"la", "sa"})
"""Languages that nobody speaks in videos, and that Whisper takes unusual voices for."""
_WHISPER_CODES = {"jv": "jw"}
_ISO_CODES = {ours: iso for iso, ours in _WHISPER_CODES.items()}
_ctranslate2 = cast("Any", ctranslate2)

AT_ONCE = 2
"""Windows heard beside each other on a processor, each by half of the threads: over one window two
threads are 1.2 times as quick as one, over two windows 1.9 times (docs/decisions/0045). Each takes
100 MB with *base*, so there are no more."""

MOST = 8 * AT_ONCE
"""Threads, where nobody asked for more: over matrices this small many would wait for each other."""

Whisper: TypeAlias = Any
"""A ``faster_whisper.WhisperModel``, which is typed in part only."""


class Heard(msgspec.Struct):
    """A word as Whisper gives it: ``text`` with its punctuation and without spaces around,
    seconds within the window, ``confidence`` 0..1. ``phrase`` numbers Whisper's segments.
    ``timing``: "aligned" or "interpolated" where an engine has aligned the words itself;
    "interpolated" alone, where it gave them no times."""

    text: str
    start: float
    end: float
    confidence: float
    phrase: int
    timing: Timing = "estimated"


class _Recogniser(faster_whisper.WhisperModel):
    """Encodes a window once, where its language is told first and then its words, which may be in
    another thread: on a processor that is a fifth of the work. ``at_once``: windows that are heard
    beside each other."""

    def __init__(self, folder: Path, at_once: int, **options: Any) -> None:
        cast("Any", super()).__init__(
            str(folder), num_workers=at_once, local_files_only=True, **options
        )
        self.at_once = at_once
        self._told: tuple[tuple[NDArray[np.float32], Any], ...] = ()

    def tell(self, features: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Whisper's names of languages and how likely they are, the likeliest first."""
        padded: NDArray[np.float32] = cast("Any", audio).pad_or_trim(features)
        encoded = self.encode(padded)
        # no more than wait to be heard: a language may be told of parts that never are
        self._told = (*self._told, (padded, encoded))[-2 * self.at_once :]
        found = cast("Any", self).model.detect_language(encoded)[0]
        return [(token[2:-2], float(likely)) for token, likely in found]

    def encode(self, features: NDArray[np.float32]) -> Any:
        for told in self._told:
            if np.array_equal(told[0], features):
                self._told = tuple(other for other in self._told if other is not told)
                return told[1]
        return cast("Any", super()).encode(features)


class _Features(FeatureExtractor):
    """The mel bands of sound, in turn with what else takes much memory."""

    def __call__(self, *args: Any, **options: Any) -> NDArray[np.float32]:
        return in_turn(cast("Any", super()).__call__, *args, **options)


def has_gpu() -> bool:
    return _ctranslate2.get_cuda_device_count() > 0


def whisper_code(language: str) -> str:
    """Whisper's name of an ISO 639 language."""
    return _WHISPER_CODES.get(language, language)


def iso_code(language: str) -> str:
    """ISO 639 of what Whisper calls a language."""
    return _ISO_CODES.get(language, language)


def load(folder: Path, threads: int) -> Whisper:
    """float16 on a CUDA device that works, else int8 on the processor. ``threads`` 0: as many
    as this process may use, up to ``MOST``."""
    if has_gpu():
        try:
            model = _Recogniser(folder, 1, device="cuda", compute_type="float16")
            # not its language, which models of English alone cannot tell
            model.encode(
                cast("Any", audio).pad_or_trim(model.feature_extractor(np.zeros(RATE, np.float32)))
            )
        except (RuntimeError, ValueError) as error:  # a device without its libraries, or too old
            sys.stderr.write(f"the GPU is of no use: {error}\n")
        else:
            return model
    threads = threads or min(processors(), MOST)
    at_once = min(threads, AT_ONCE)
    each = threads // at_once
    model = _Recogniser(folder, at_once, device="cpu", compute_type="int8", cpu_threads=each)
    untyped: Any = model
    untyped.model = Frugal(untyped.model, at_once)
    untyped.feature_extractor = _Features(**untyped.feat_kwargs)
    return model


def tell_language(model: Whisper, sound: Sound) -> tuple[str, float]:
    """ISO 639 code of what is spoken in up to 30 s of sound, and how likely it is."""
    if not model.model.is_multilingual:
        return "en", 1.0
    # all frames but the last are what the words are told from
    likely: list[tuple[str, float]] = model.tell(model.feature_extractor(sound)[..., :-1])
    code, probability = next(one for one in likely if one[0] not in _DEAD)
    return iso_code(code), probability


def transcribe(
    model: Whisper, window: Window, language: str, hotwords: str | None = None
) -> list[Heard]:
    """The words of a window, spoken in ``language`` (ISO 639). ``hotwords``: what to expect."""
    _ctranslate2.set_random_seed(0)
    segments: Iterable[Any] = model.transcribe(
        window.sound,
        language=whisper_code(language),
        beam_size=5,
        word_timestamps=True,
        condition_on_previous_text=False,
        vad_filter=False,
        hotwords=hotwords,
    )[0]
    words: list[Heard] = []
    for phrase, segment in enumerate(segments):
        for word in segment.words:
            heard = _heard(word, phrase)
            if words and words[-1].phrase == phrase and _goes_on(words[-1], word.word, language):
                words[-1] = _together(words[-1], heard)
            elif heard.text:
                words.append(heard)
    return words


def _goes_on(last: Heard, text: str, language: str) -> bool:
    """Whether ``text``, as Whisper parts it, is of the word before: there it begins with no space, and
    Thai's signs are parted within a syllable."""
    return inseparable(last.text, text) if language in UNSPACED else not text.startswith(" ")


def _together(one: Heard, other: Heard) -> Heard:
    """French "n" and "'avons" are one word to a reader."""
    return Heard(
        text=one.text + other.text,
        start=one.start,
        end=other.end,
        confidence=min(one.confidence, other.confidence),
        phrase=one.phrase,
    )


def _heard(word: Any, phrase: int) -> Heard:
    return Heard(
        text=word.word.strip(),
        start=float(word.start),
        end=float(word.end),
        confidence=min(1.0, max(0.0, float(word.probability))),
        phrase=phrase,
    )
