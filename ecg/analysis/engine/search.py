"""Where given words lie in a sound: pocketsphinx's Viterbi search over a graph of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import pocketsphinx

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.letters import letter_phones
from ecg.analysis.engine.pronounce import plain, pronunciations

FRAME = 0.01
"""Seconds per frame of the search."""
HISS = np.float32(5e-4)
"""RMS of the noise laid under the sound: in digital silence the features have no meaning and the
search loses its way."""
NARROW = 1e-4
"""Power from 4.5 to 7.5 kHz, as a part of that from 2 to 4 kHz, below which a sound is a telephone's: speech
in a full band has a fifth of it and more, an old recording of 1961 four times as much."""
MIRRORED = np.float32(0.2)
"""How loud what is mirrored above 4 kHz is there, beside what it is mirrored from."""
SHORTEST = RATE // 10
"""Samples of the shortest sound that is searched."""

_VARIANT = re.compile(r"\(\d+\)$")
_ASIDE = "maybe:"
"""Before the names of what may be left unsaid, so that what was found tells which way it went."""


class Step(NamedTuple):
    """Dictionary names said one after the other. ``instead``: what else may be said here, ``()``
    for nothing; ``None`` where there is no choice."""

    names: tuple[str, ...]
    instead: tuple[str, ...] | None = None


class Found(NamedTuple):
    """``spans``: begin and end in seconds of ``names``, or of what was said ``instead``; ``phones``
    how many each has as it was said."""

    instead: bool
    spans: list[tuple[float, float]]
    phones: list[int]


@functools.lru_cache(maxsize=1)
def decoder() -> Any:
    """Wide beams: one path must survive to the end of the text, however it is said."""
    return cast("Any", pocketsphinx).Decoder(
        lm=None, loglevel="FATAL", beam=1e-80, pbeam=1e-80, wbeam=1e-60, bestpath=False
    )


@functools.lru_cache(maxsize=20_000)
def entry(text: str, english: bool) -> str | None:
    """The name of a word in the dictionary, put there where it was not; ``None`` for what nobody can
    say."""
    known = decoder()
    word = plain(text)
    if english and word and " " not in word and known.lookup_word(word):
        return word
    spoken = phones(text, english)
    if not spoken:
        return None
    name = f"{'en' if english else 'any'}:{word.replace(' ', '_')}"
    if not known.lookup_word(name):
        _add(name, spoken)
    return name


def phones(text: str, english: bool) -> list[str]:
    """Likely pronunciations of ``text`` in phones with spaces between, best first."""
    letters = "" if english else letter_phones(text)
    return [letters] if letters else pronunciations(text, decoder().lookup_word)


def _add(name: str, spoken: Sequence[str]) -> None:
    for number, each in enumerate(spoken, 1):
        decoder().add_word(name if number == 1 else f"{name}({number})", each, True)


@functools.lru_cache(maxsize=20_000)
def _aside(name: str) -> str:
    known = decoder()
    if not known.lookup_word(_ASIDE + name):
        variants = (name, *(f"{name}({number})" for number in range(2, 9)))
        _add(_ASIDE + name, [spoken for each in variants if (spoken := known.lookup_word(each))])
    return _ASIDE + name


def search(sound: Sound, steps: Sequence[Step]) -> list[Found]:
    """One for each step; empty where the steps do not fit the sound."""
    if not steps or len(sound) < SHORTEST:
        return []
    said = _searched(sound, steps)
    found: list[Found] = []
    for step in steps:
        ahead = bool(said) and said[0][0].startswith(_ASIDE)
        instead = step.instead is not None and not ahead
        names = (step.instead or ()) if instead else step.names
        taken, said = said[: len(names)], said[len(names) :]
        if [name.removeprefix(_ASIDE) for name, *_ in taken] != list(names):
            return []
        spans, phones = [span for _, span, _ in taken], [count for *_, count in taken]
        found.append(Found(instead, spans, phones))
    return [] if said else found


def widened(sound: Sound) -> Sound:
    """The sound; one of a telephone's band with what it has below 4 kHz mirrored above (Makhoul and
    Berouti 1979, "High-frequency regeneration in speech coding systems"). The acoustic model, made of
    speech in a full band, tells s, f and silence from each other by what is there."""
    if _is_narrow(sound):
        both = sound * MIRRORED
        both[1::2] *= -1
        both += sound
        return both
    return sound


def _is_narrow(sound: Sound) -> bool:
    frames = sound[: len(sound) // 512 * 512].reshape(-1, 512) * np.hanning(512).astype(np.float32)
    power = (np.abs(np.fft.rfft(frames)) ** 2).sum(axis=0)
    low, high = (power[a * 512 // RATE : b * 512 // RATE] for a, b in ((2000, 4000), (4500, 7500)))
    return bool(high.mean() < NARROW * low.mean())


def _searched(sound: Sound, steps: Sequence[Step]) -> list[tuple[str, tuple[float, float], int]]:
    """Names with their spans and phones, in order; none where no way through the steps was found."""
    using = decoder()
    hiss = HISS * np.random.default_rng(0).standard_normal(len(sound), np.float32)
    pcm = (np.clip(widened(sound) + hiss, -1, 1) * 32767).astype("<i2").tobytes()
    using.reinit_feat()  # else it is still tuned to what it heard last, in another video
    ways = list(_ways(steps))
    using.add_fsg("steps", using.create_fsg("steps", 0, ways[-1][1], ways))
    using.activate_search("steps")
    using.start_utt()
    using.process_raw(pcm, no_search=False, full_utt=True)
    using.end_utt()
    if using.hyp() is None:
        return []
    return [
        (
            _VARIANT.sub("", part.word),
            (part.start_frame * FRAME, (part.end_frame + 1) * FRAME),
            len((using.lookup_word(part.word) or "").split()),
        )
        for part in using.seg()
        if not part.word.startswith(("<", "[", "(NULL)"))
    ]


def _ways(steps: Sequence[Step]) -> Iterator[tuple[int, int, float, str] | tuple[int, int, float]]:
    """The graph: (from, to, likelihood, name) with states numbered from 0, the last way to the end."""
    at, free = 0, 1
    for step in steps:
        sides = (
            [step.names] if step.instead is None else [step.instead, tuple(map(_aside, step.names))]
        )
        end = free + sum(max(0, len(side) - 1) for side in sides)
        for side in sides:
            here = at
            for number, name in enumerate(side, 1):
                there = end if number == len(side) else free
                yield here, there, 1.0, name
                here, free = there, free + (there != end)
            if not side:
                yield at, end, 1.0
        at, free = end, end + 1
