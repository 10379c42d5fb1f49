from __future__ import annotations

import numpy as np
import pytest

from ecg.analysis.engine.doubts import is_spoken, without_loops
from ecg.analysis.engine.regions import Window
from ecg.analysis.engine.transcribe import Heard


def heard(text: str) -> list[Heard]:
    return [Heard(word, i * 0.3, i * 0.3 + 0.3, 0.9, 0) for i, word in enumerate(text.split())]


def said(words: list[Heard]) -> str:
    return " ".join(word.text for word in words)


@pytest.mark.parametrize(
    ("text", "kept", "dropped"),
    [
        ("one o'clock " * 5, "one o'clock", 8),
        ("I said no no no no to that", "I said no no no no to that", 0),
        ("we go " + "la " * 9 + "home", "we go la home", 8),
        ("that is it, that is it. That is it", "that is it, that is it. That is it", 0),
        ("so Thank you. " + "thank you! " * 4 + "bye", "so Thank you. bye", 8),
        ("", "", 0),
    ],
)
def test_loops_are_said_once(text: str, kept: str, dropped: int) -> None:
    left, out = without_loops(heard(text))
    assert said(left) == kept
    assert len(out) == dropped


def test_text_in_silence_is_not_spoken() -> None:
    window = Window(16_000, np.zeros(80_000, np.float32), [(16_000, 32_000)])
    assert is_spoken(0.9, 1.1, window)
    assert is_spoken(0.5, 3.0, window)
    assert not is_spoken(0.0, 0.9, window)
    assert not is_spoken(2.1, 2.6, window)
