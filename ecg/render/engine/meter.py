"""How far a render is, told while it goes on."""

from __future__ import annotations

import time

from ecg.media.served import Context
from ecg.render.interfaces import RenderProgress

PROGRESS_EVERY = 0.5
"""Seconds between two reports."""


class Meter:
    """Counts frames, and says so each ``PROGRESS_EVERY`` seconds."""

    def __init__(self, context: Context, total: int, kept_frames: int, rate: float) -> None:
        self.count = 0
        self._context = context
        self._total = total
        self._kept = kept_frames
        self._rate = rate
        self._started = self._said = time.monotonic()

    def tick(self) -> None:
        """One more frame is encoded. Raises ``Cancelled``."""
        self._context.check()
        self.count += 1
        now = time.monotonic()
        if now - self._said < PROGRESS_EVERY:
            return
        self._said = now
        fps = self.count / (now - self._started)
        done = min(self._kept + self.count, self._total)
        eta = (self._total - done) / fps
        speed = fps / self._rate
        self._context.emit(RenderProgress("render", done, self._total, fps, speed, eta))
