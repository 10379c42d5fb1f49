"""Connections to Redis or Valkey."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

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


async def ping(redis: Redis) -> None:
    """For ``/health/ready``. Raises ``RedisError``."""
    await redis.ping()  # pyright: ignore[reportGeneralTypeIssues, reportUnknownMemberType]
