from __future__ import annotations

import numpy as np
import pytest

from ecg.analysis.engine.align import align
from ecg.analysis.engine.transcribe import Heard

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
