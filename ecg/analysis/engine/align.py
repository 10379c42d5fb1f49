"""When exactly each word is said: pocketsphinx finds the text's own sounds in the signal.

Whisper's word times come from its attention and are off by 0.1 s and more; a forced alignment
(Viterbi over the acoustic model's states, the words given) is within 10 ms on clean speech.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple, cast

import numpy as np
import pocketsphinx

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.pronounce import plain, pronunciations
from ecg.analysis.engine.transcribe import Heard
from ecg.captions.transcript import Timing

LANGUAGES = frozenset({"en"})
"""ISO 639 codes the acoustic model covers."""
FRAME = 0.01
"""Seconds per frame of the aligner."""
LONE = 0.5
"""Longest time in seconds given to a word that has no sound of its own."""


class Timed(NamedTuple):
    """Seconds within the window."""

    start: float
    end: float
    timing: Timing


def align(sound: Sound, words: list[Heard], language: str) -> list[Timed]:
    """When each word is said, in order.

    A word without a sound of its own (a lone sign) shares the gap between its neighbours.
    Where the language is out of reach or the text does not fit the sound, Whisper's own
    times stand as estimates.
    """
    spans = _fit(sound, [_entry(word.text) for word in words]) if language in LANGUAGES else []
    if not spans:
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
def _entry(text: str) -> str | None:
    """The aligner's dictionary entry for a word, made where there is none."""
    decoder = _decoder()
    word = plain(text)
    if word and " " not in word and decoder.lookup_word(word):
        return word
    spoken = pronunciations(text, decoder.lookup_word)
    if not spoken:
        return None
    name = f"guess:{word.replace(' ', '_')}"
    for number, phones in enumerate(spoken, 1):
        decoder.add_word(name if number == 1 else f"{name}({number})", phones, True)
    return name


def _fit(sound: Sound, names: list[str | None]) -> list[Timed | None]:
    text = [name for name in names if name]
    if not text:
        return []
    decoder = _decoder()
    decoder.set_align_text(" ".join(text))
    decoder.start_utt()
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    decoder.process_raw(pcm, no_search=False, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return []
    found = [
        Timed(part.start_frame * FRAME, (part.end_frame + 1) * FRAME, "aligned")
        for part in decoder.seg()
        if not part.word.startswith(("<", "["))
    ]
    if len(found) != len(text):
        return []
    given = iter(found)
    return [next(given) if name else None for name in names]
