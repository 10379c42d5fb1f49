"""What holds memory down: calls that take much of it in turn, and giving back what is free."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

SAMPLED = 3
"""Hypotheses sampled at a time, for each of which what is encoded is copied: of *base* 37 MB, so that
three take no more than an encoding, where five, as Whisper has them, take 230 MB."""


def give_back() -> None:
    """Memory that is free between what is kept, to the system: glibc gives back by itself only what is
    free at the end, and what is kept of a minute lies in the way."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


_turn = threading.Lock()


def in_turn(call: Callable[..., T], *args: Any, **options: Any) -> T:
    """What ``call`` gives, once no other call that takes 30 MB or more is at work in this process, and
    with nothing left lying around that others have freed."""
    with _turn:
        give_back()
        return call(*args, **options)


class Frugal:
    """CTranslate2's model with ``at_once`` workers, whose large calls are made in turn."""

    def __init__(self, model: Any, at_once: int) -> None:
        self._model = model
        # its own queue would have a call wait between what is given back and what is taken
        self._workers = threading.Semaphore(at_once)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode(self, *args: Any, **options: Any) -> Any:
        return self._large(self._model.encode, *args, **options)

    def align(self, *args: Any, **options: Any) -> Any:
        return self._large(self._model.align, *args, **options)

    def generate(self, *args: Any, **options: Any) -> Any:
        """Of one window; where several hypotheses are sampled, those of the likeliest's part."""
        count = options.pop("num_hypotheses", 1)
        if count == 1:
            with self._workers:
                return self._model.generate(*args, **options)
        found = [
            self._large(self._model.generate, *args, num_hypotheses=part, **options)
            for part in _parts(count)
        ]
        return max(found, key=lambda results: results[0].scores[0])

    def _large(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        with _turn, self._workers:  # who waits for a turn must not keep a worker from the others
            give_back()
            return call(*args, **options)


def _parts(count: int) -> list[int]:
    """How many to sample at a time."""
    return [min(SAMPLED, count - first) for first in range(0, count, SAMPLED)]
