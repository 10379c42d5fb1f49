from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.analysis.engine.align import _fit, align
from ecg.analysis.engine.decode import RATE, decode
from ecg.analysis.engine.search import decoder, entry
from ecg.analysis.engine.transcribe import Heard

MEDIA = Path(__file__).resolve().parents[2] / "fixtures/media"
QUIET = np.zeros(16_000, np.float32)


def heard(text: str) -> list[Heard]:
    return [Heard(word, 0.1 * i, 0.1 * i + 0.1, 0.9, 0) for i, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("— ♪ …", "en"),
        ("Zyzzkowa, zyzzkowa Zyzzkowa!", "en"),
        ("You you, you", "ko"),
        ("你好 世界", "zh"),
        ("2014 2014. $43,000 3.5% A.B. (yes) c++ x(2) <s> [NOISE] a/b\\c", "en"),
        ("' '' -- 's", "en"),
        ("word " * 200, "en"),
    ],
)
def test_any_text_gets_a_time_for_each_word(text: str, language: str) -> None:
    words = heard(text)
    timed = align(QUIET, words, language)
    assert len(timed) == len(words)
    assert all(0 <= time.start <= time.end for time in timed)


def test_no_sound_at_all_keeps_the_estimates() -> None:
    words = heard("hello there")
    timed = align(np.zeros(0, np.float32), words, "en")
    assert [time.timing for time in timed] == ["estimated", "estimated"]


SPOKEN = """
You don't mean that you thought me so silly. Lobsters and lobsters. I really like that account of
himself, better than anything else he said. When is a lobster not a lobster? When it is a crayfish.
His statement of having been a shopboy was the thing I liked best of all. A book could be written
about this restaurant and then all would not be told for all its secrets It can never be known.
"""


def test_what_was_heard_before_changes_nothing() -> None:
    """A transcript is the same whichever worker makes it, whatever that one did before."""
    sound = np.concatenate(list(decode(MEDIA / "conv_mf2.flac", 0)))[: 27 * RATE]
    decoder.cache_clear()
    entry.cache_clear()
    names = [entry(word, english=True) for word in SPOKEN.split()]
    first = _fit(sound, names)
    assert len(first) == len(names)
    assert _fit(sound, names) == first
