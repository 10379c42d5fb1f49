"""What every rate has in common: how an answer says where its account stands, and a sliding window
in the memory of one process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable
from typing import Any

from litestar.connection import ASGIConnection

from ecg.kernel.errors import RateLimited


class Window:
    """A sliding window of hits per subject, in this process's memory."""

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self.limit = limit
        self.seconds = seconds
        self._hits: dict[str, deque[float]] = {}
        self._swept = time.monotonic()

    async def hit(self, subject: str) -> tuple[int, int]:
        """Counts a hit; returns (hits left, seconds until the oldest leaves the window).
        Raises ``RateLimited`` where none was left."""
        now = time.monotonic()
        self._sweep(now)
        hits = self._hits.setdefault(subject, deque())
        while hits and hits[0] <= now - self.seconds:
            hits.popleft()
        reset = int(hits[0] + self.seconds - now) + 1 if hits else int(self.seconds)
        if len(hits) >= self.limit:
            raise RateLimited(
                f"more than {self.limit} requests in {self.seconds:.0f} s; come back in {reset} s",
                reset,
            )
        hits.append(now)
        return self.limit - len(hits), reset

    def _sweep(self, now: float) -> None:
        if now - self._swept > self.seconds:
            self._swept = now
            old = now - self.seconds
            self._hits = {who: hits for who, hits in self._hits.items() if hits and hits[-1] > old}


async def counted(
    connection: ASGIConnection[Any, Any, Any, Any], limit: int, hit: Awaitable[tuple[int, int]]
) -> None:
    """Awaits a hit of a window of ``limit``; the answer's RateLimit headers say how it stands.
    Raises ``RateLimited``."""
    try:
        left, reset = await hit
    except RateLimited as error:
        note(connection, limit, 0, error.retry_after)
        raise
    note(connection, limit, left, reset)


def note(connection: ASGIConnection[Any, Any, Any, Any], limit: int, left: int, reset: int) -> None:
    """Sets what the answer's RateLimit headers say."""
    connection.scope["state"]["rate"] = (limit, left, reset)
