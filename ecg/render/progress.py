"""How far render jobs are: one key each in Redis, written by the worker and read by the api."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis

from ecg.kernel.redis import read_many as read

KEPT = 3600
"""Seconds that a progress outlives its last writing."""


class Progress(msgspec.Struct, frozen=True):
    """``at``: unix seconds of the writing, the worker's sign of life. ``frame`` of ``total``
    frames encoded, ``fps`` per second, ``speed`` × real time, ``eta`` seconds left."""

    attempt: int
    at: float
    stage: str
    frame: int = 0
    total: int = 0
    fps: float = 0.0
    speed: float = 0.0
    eta: float | None = None


def key(job_id: str) -> str:
    return f"ecg:render:{job_id}"


async def write(redis: Redis, job_id: str, progress: Progress) -> None:
    """Raises ``RedisError`` where Redis does not answer."""
    await redis.set(key(job_id), msgspec.json.encode(progress), ex=KEPT)


async def read_many(redis: Redis, job_ids: Sequence[str]) -> dict[str, Progress]:
    """The progress of those jobs that have one; none while Redis does not answer."""
    keys = {job_id: key(job_id) for job_id in job_ids}
    return await read(redis, "render", keys, Progress)
