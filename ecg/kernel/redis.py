"""Connections to Redis or Valkey, and what the api reads there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

READS = Counter(
    "ecg_progress_reads_total",
    "Jobs whose progress was looked for in Redis",
    ["kind", "outcome"],
)

T = TypeVar("T", bound=msgspec.Struct)

DEQUEUE_SECONDS = 2
"""How long a worker waits for a job at a time; a socket's time-out must lie above."""


def connect(url: str) -> Redis:
    """A pool of connections, which open at need. The caller closes it.

    Without the backoff an absent server costs a processor core.
    """
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - untyped keywords
        url,
        retry=Retry(ExponentialWithJitterBackoff(base=0.2, cap=2), 3),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
        socket_timeout=DEQUEUE_SECONDS + 3,
        socket_connect_timeout=2,
        health_check_interval=15,
    )


async def read_many(
    redis: Redis, kind: str, keys: Mapping[str, str], shape: type[T]
) -> dict[str, T]:
    """The progress of each job of ``kind`` that has one, by its id; ``keys``: ids and where
    theirs is kept. None at all while Redis does not answer."""
    if not keys:
        return {}
    try:
        found: list[bytes | None] = await redis.mget(list(keys.values()))
    except RedisError:
        READS.labels(kind, "error").inc(len(keys))
        return {}
    there = {job_id: raw for job_id, raw in zip(keys, found, strict=True) if raw is not None}
    READS.labels(kind, "hit").inc(len(there))
    READS.labels(kind, "miss").inc(len(keys) - len(there))
    return {job_id: msgspec.json.decode(raw, type=shape) for job_id, raw in there.items()}


async def ping(redis: Redis) -> None:
    """For ``/health/ready``. Raises ``RedisError``."""
    await redis.ping()  # pyright: ignore[reportGeneralTypeIssues, reportUnknownMemberType]
