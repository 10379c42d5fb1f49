"""When exactly each word is said: pocketsphinx finds the text's own sounds in the signal.

Whisper's word times come from its attention and are off by 0.1 s and more; a forced alignment
(Viterbi over the acoustic model's states, the words given) is within 10 ms on clean speech.
"""

from __future__ import annotations

import functools
import statistics
from typing import Any, NamedTuple, cast

import numpy as np
import pocketsphinx

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.letters import letter_phones
from ecg.analysis.engine.pronounce import plain, pronunciations
from ecg.analysis.engine.transcribe import Heard
from ecg.captions.transcript import Timing

FRAME = 0.01
"""Seconds per frame of the aligner."""
MOST = 0.8
"""Share of the words that must have a sound; with fewer, what lies between is a guess."""
ASTRAY = 0.7
"""Median distance in seconds from Whisper's own times at which the alignment is not believed."""
HISS = np.float32(5e-4)
"""RMS of the noise laid under the sound: in digital silence the aligner's features have no
meaning and it loses its way."""
SHORTEST = RATE // 10
"""Samples of the shortest sound that is searched."""
LONE = 0.5
"""Longest time in seconds given to a word that has no sound of its own."""


class Timed(NamedTuple):
    """Seconds within the window; ``phones``: how many were found there, 0 where not known."""

    start: float
    end: float
    timing: Timing
    phones: int = 0


def align(sound: Sound, words: list[Heard], language: str) -> list[Timed]:
    """When each word is said, in order.

    A word without a sound of its own (a lone sign) shares the gap between its neighbours.
    The acoustic model is English; words of other languages are sought by English sounds
    near theirs. Where a script does not tell its sounds or the text does not fit, Whisper's
    own times stand as estimates.
    """
    spans = _fit(sound, [_entry(word.text, language == "en") for word in words])
    off = [abs(span.start - word.start) for span, word in zip(spans, words, strict=False) if span]
    if not off or len(off) < MOST * len(words) or statistics.median(off) > ASTRAY:
        return [Timed(word.start, word.end, "estimated") for word in words]
    return _interpolated(spans, len(sound) / RATE)


def _interpolated(spans: list[Timed | None], end: float) -> list[Timed]:
    timed: list[Timed] = []
    for index, span in enumerate(spans):
        if span is not None:
            timed.append(span)
        else:
            waiting = next((i for i in range(index, len(spans)) if spans[i]), len(spans))
            following = spans[waiting] if waiting < len(spans) else None
            before = timed[-1].end if timed else 0.0
            share = ((following.start if following else end) - before) / (waiting - index)
            timed.append(Timed(before, before + min(share, LONE), "interpolated"))
    return timed


@functools.lru_cache(maxsize=1)
def _decoder() -> Any:
    """Wide beams: one path must survive to the end of the text, however it is said."""
    return cast("Any", pocketsphinx).Decoder(
        lm=None, loglevel="FATAL", beam=1e-80, pbeam=1e-80, wbeam=1e-60
    )


@functools.lru_cache(maxsize=20_000)
def _entry(text: str, english: bool) -> str | None:
    """The aligner's dictionary entry for a word, made where there is none."""
    decoder = _decoder()
    word = plain(text)
    if english and word and " " not in word and decoder.lookup_word(word):
        return word
    letters = "" if english else letter_phones(text)
    spoken = [letters] if letters else pronunciations(text, decoder.lookup_word)
    if not spoken:
        return None
    name = f"{'en' if english else 'any'}:{word.replace(' ', '_')}"
    if decoder.lookup_word(name):
        return name
    for number, phones in enumerate(spoken, 1):
        decoder.add_word(name if number == 1 else f"{name}({number})", phones, True)
    return name


def _fit(sound: Sound, names: list[str | None]) -> list[Timed | None]:
    """Spans of the names in ``sound``; empty where they do not fit."""
    text = [name for name in names if name]
    if not text or len(sound) < SHORTEST:
        return []
    found = _search(sound, " ".join(text))
    if len(found) != len(text):
        return []
    given = iter(found)
    return [next(given) if name else None for name in names]


def _search(sound: Sound, text: str) -> list[Timed]:
    decoder = _decoder()
    hiss = HISS * np.random.default_rng(0).standard_normal(len(sound), np.float32)
    pcm = (np.clip(sound + hiss, -1, 1) * 32767).astype("<i2").tobytes()
    decoder.reinit_feat()  # else it is still tuned to what it heard last, in another video
    decoder.set_align_text(text)
    decoder.start_utt()
    decoder.process_raw(pcm, no_search=False, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return []
    return [
        Timed(
            part.start_frame * FRAME,
            (part.end_frame + 1) * FRAME,
            "aligned",
            len((decoder.lookup_word(part.word) or "").split()),
        )
        for part in decoder.seg()
        if not part.word.startswith(("<", "["))
    ]
