"""Where someone speaks: Silero VAD, as faster-whisper bundles it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

import numpy as np
from faster_whisper import vad

from ecg.analysis.engine.decode import RATE, Sound
from ecg.analysis.engine.memory import in_turn

Span = tuple[int, int]
"""Samples [start, end)."""

BLOCK = 60 * RATE
"""Samples looked at together: bounds memory however long the file is."""
WINDOW = 28 * RATE
"""Most samples of one window: Whisper hears 30 s at a time."""
GAP = 2 * RATE
"""Silence that ends a window."""
_OPTIONS = vad.VadOptions(
    min_speech_duration_ms=100,
    min_silence_duration_ms=250,
    speech_pad_ms=100,
    max_speech_duration_s=WINDOW / RATE,
)


MARGIN = RATE
"""Silence kept around a window: cut close, Whisper loses words at the ends."""


class Window(NamedTuple):
    """A stretch of sound to be heard at once: ``start`` in samples from the beginning of the
    file, ``regions`` its speech in samples from ``start``."""

    start: int
    sound: Sound
    regions: list[Span]


def speech_regions(sound: Sound) -> list[Span]:
    """Spans of speech in order, not overlapping, padded by 0.1 s; none in silence or music."""
    found: list[dict[str, int]] = cast("Any", vad).get_speech_timestamps(sound, _OPTIONS)
    return [(span["start"], span["end"]) for span in found]


class Piece(NamedTuple):
    """The next stretch of the file: ``start`` in samples from its beginning, all of its ``sound``,
    and the ``regions`` of it that somebody speaks in, in samples from ``start``."""

    start: int
    sound: Sound
    regions: list[Span]

    @property
    def end(self) -> int:
        return self.start + len(self.sound)

    @property
    def windows(self) -> list[Window]:
        """What is heard at once, with the silence around it."""
        groups = _grouped(self.regions)
        befores = [0, *(group[-1][1] for group in groups)]
        afters = [*(group[0][0] for group in groups[1:]), len(self.sound)]
        return [
            self._window(group, before, after)
            for group, before, after in zip(groups, befores, afters, strict=False)
        ]

    def _window(self, group: list[Span], before: int, after: int) -> Window:
        """``before`` and ``after`` bound the margins: where the neighbours' speech is."""
        start = max(before, group[0][0] - MARGIN)
        end = min(after, group[-1][1] + MARGIN)
        inside = [(span[0] - start, span[1] - start) for span in group]
        return Window(self.start + start, self.sound[start:end], inside)

    def pauses(self, least: int) -> list[Span]:
        """Spans of at least so many samples of ``sound`` in which nobody speaks."""
        ends = [0, *(last for _, last in self.regions)]
        starts = [*(first for first, _ in self.regions), len(self.sound)]
        spans = zip(ends, starts, strict=True)
        return [(first, last) for first, last in spans if last - first >= least]


def _grouped(regions: list[Span]) -> list[list[Span]]:
    groups: list[list[Span]] = []
    for span in regions:
        group = groups[-1] if groups else None
        if group and span[1] - group[0][0] <= WINDOW and span[0] - group[-1][1] < GAP:
            group.append(span)
        else:
            groups.append([span])
    return groups


def pieces(blocks: Iterable[Sound]) -> Iterator[Piece]:
    """Yields the whole of ``blocks``, about a minute at a time.

    Sound is cut where it is silent, so that no word is split, and before a window that may grow:
    it waits for the next block, or each piece would end in a window of a few words, which takes
    Whisper as long as a full one.
    """
    passed, kept = 0, np.zeros(0, np.float32)
    for sound, last in _gathered(blocks):
        kept = np.concatenate((kept, sound))
        regions = in_turn(speech_regions, kept)
        cut = len(kept) if last else _cut(regions, len(kept))
        yield Piece(passed, kept[:cut], [span for span in regions if span[1] <= cut])
        passed, kept = passed + cut, kept[cut:]


_OFFSET = 1e-3
"""Part of full scale, 60 dB below it."""


def _gathered(blocks: Iterable[Sound]) -> Iterator[tuple[Sound, bool]]:
    waiting: list[Sound] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= BLOCK:
            yield _centred(np.concatenate(waiting)), False
            waiting, size = [], 0
    yield _centred(np.concatenate([np.zeros(0, np.float32), *waiting])), True


def _centred(sound: Sound) -> Sound:
    """Around zero: a recorder's constant voltage keeps Silero from hearing any speech. What is off
    by less stays to the bit, as a comma of Whisper's may hang on it."""
    offset = sound.mean() if len(sound) else np.float32(0)
    return sound - offset if abs(offset) > _OFFSET else sound


def _cut(regions: list[Span], size: int) -> int:
    """Where to cut: before the last window, unless silence follows it. Of a silence that is too short
    to end a window each side gets half, as Whisper needs some around words; a longer one stays whole,
    as something may sound in it."""
    if not regions or size - regions[-1][1] >= GAP:
        return size
    groups = _grouped(regions)
    before = groups[-2][-1][1] if len(groups) > 1 else 0
    start = groups[-1][0][0]
    return start if start - before >= GAP else (before + start) // 2
