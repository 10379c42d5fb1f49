"""The recogniser's large calls are made one at a time, the others beside each other."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from ecg.analysis.engine.memory import Frugal, in_turn

AT_ONCE = 2


class _Model:
    """Notes which calls are made beside each other."""

    def __init__(self) -> None:
        self.is_multilingual = True
        self.most: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._lock = threading.Lock()

    def encode(self, number: int) -> int:
        return self._call("large", number)

    def align(self, number: int) -> int:
        return self._call("large", number)

    def generate(self, _number: int, **options: Any) -> Any:
        count = options.get("num_hypotheses", 0)
        return self._call("large" if count else "small", [SimpleNamespace(scores=[-count])])

    def _call(self, kind: str, answer: Any) -> Any:
        with self._lock:
            self._now.update((kind, "any"))
            for name, count in self._now.items():
                self.most[name] = max(self.most[name], count)
        time.sleep(0.01 if kind == "large" else 0.05)
        with self._lock:
            self._now.subtract((kind, "any"))
        return answer


@pytest.mark.timeout(20)
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
    assert model.most == {"large": 1, "small": AT_ONCE, "any": AT_ONCE + 1}


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
