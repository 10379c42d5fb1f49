"""Where a window may be of several languages."""

from __future__ import annotations

import numpy as np

from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.language import _parted, _stretches
from ecg.analysis.engine.regions import Span, Window


def spans(*seconds: tuple[float, float]) -> list[Span]:
    return [(round(start * RATE), round(end * RATE)) for start, end in seconds]


def test_a_language_may_change_only_in_a_silence_and_after_enough_speech() -> None:
    long = spans((0.5, 3.0), (3.3, 4.0), (4.6, 7.0))
    assert _stretches(long) == [long[:2], long[2:]]
    # too little to tell: goes with what is before
    assert len(_stretches(spans((0.5, 3.0), (3.6, 4.5)))) == 1
    assert len(_stretches(spans((0.5, 1.0), (1.6, 4.5)))) == 1
    assert _stretches([]) == []


def test_the_parts_of_a_window_are_all_of_it() -> None:
    sound = np.arange(8 * RATE, dtype=np.float32)
    one, other = spans((0.5, 3.0)), spans((4.0, 5.0), (5.2, 7.0))
    parts = list(_parted(Window(1000, sound, [*one, *other]), [(one, "en"), (other, "de")]))
    assert [code for _, code in parts] == ["en", "de"]
    first, second = (window for window, _ in parts)
    assert first.start == 1000
    assert second.start == 1000 + len(first.sound) == 1000 + 3.5 * RATE
    assert np.array_equal(np.concatenate([first.sound, second.sound]), sound)
    assert first.regions == one
    assert second.regions == spans((0.5, 1.5), (1.7, 3.5))
