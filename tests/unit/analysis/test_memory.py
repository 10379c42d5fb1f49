"""The recogniser's large calls are made one at a time, the others beside each other; a long pause
leaves no memory taken."""

from __future__ import annotations

import ctypes
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ecg.analysis.engine.decode import RATE
from ecg.analysis.engine.memory import Frugal, in_turn
from ecg.analysis.engine.regions import Piece
from ecg.analysis.engine.sounds import gaps_heard

AT_ONCE = 2


class _Model:
    """Notes how many large calls are made beside each other; each small one waits for another."""

    def __init__(self) -> None:
        self.is_multilingual = True
        self.most = 0
        self._now = 0
        self._pair = threading.Barrier(2, timeout=10)

    def encode(self, number: int) -> int:
        self._now += 1
        self.most = max(self.most, self._now)
        time.sleep(0.01)
        self._now -= 1
        return number

    align = encode

    def generate(self, number: int, **options: Any) -> Any:
        if "num_hypotheses" in options:
            self.encode(number)
            return [SimpleNamespace(scores=[0.0])]
        self._pair.wait()
        return None


@pytest.mark.timeout(30)
def test_large_calls_are_made_in_turn_and_small_ones_beside_each_other() -> None:
    model = _Model()
    frugal = Frugal(model, AT_ONCE)

    def hear(number: int) -> tuple[int, int]:
        in_turn(model.align, number)
        encoded = frugal.encode(number)
        for options in ({"beam_size": 5}, {"num_hypotheses": 5}):
            frugal.generate(number, **options)
        return encoded, frugal.align(number)

    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        heard = list(pool.map(hear, range(8)))
    assert heard == [(number, number) for number in range(8)]
    assert model.most == 1


def test_the_likeliest_of_all_that_are_sampled_is_kept() -> None:
    asked: list[int] = []

    def generate(**options: Any) -> list[SimpleNamespace]:
        asked.append(options["num_hypotheses"])
        return [SimpleNamespace(scores=scores.pop(0))]

    frugal = Frugal(SimpleNamespace(generate=generate), 1)
    for likeliest in (0, 1):
        scores = [[-0.5, -0.6, -0.7], [-0.4, -0.8]][:: 1 if likeliest else -1]
        found = frugal.generate(num_hypotheses=5)
        assert found[0].scores == [-0.4, -0.8]
    assert asked == [3, 2, 3, 2]


def test_a_call_that_fails_lets_the_next_in() -> None:
    frugal = Frugal(_Model(), 1)
    for _ in range(2):
        with pytest.raises(TypeError):
            frugal.encode()
    assert frugal.encode(1) == 1
    assert frugal.is_multilingual


class _MallInfo(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "mapped"),
            *("usmblks", "fsmblks", "used", "fordblks", "keepcost"),
        )
    )


def _allocated() -> float:
    """MB that glibc has given out in this process."""
    told = ctypes.CDLL(None).mallinfo2
    told.restype = _MallInfo
    gc.collect()
    info = told()
    return (info.used + info.mapped) / 1e6


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc alone tells")
def test_a_long_pause_leaves_nothing_behind() -> None:
    def heard(seconds: int) -> int:
        sound = np.random.default_rng(0).normal(0, 0.05, seconds * RATE).astype(np.float32)
        return len(gaps_heard(Piece(0, sound, [])))

    heard(3)  # what is loaded once
    before = _allocated()
    assert heard(60) == 6000
    assert _allocated() - before < 5  # 57 where the model is kept
