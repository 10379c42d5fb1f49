"""What every attempt at a job does besides its engine's work: it begins by asking, has a folder
of its own, moves files, and reports before it ends."""

from __future__ import annotations

import asyncio
import errno
import re
import shutil
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import structlog
from prometheus_client import Counter, Histogram
from redis.asyncio import Redis

from ecg.kernel import transfer
from ecg.kernel.attempts import (
    Attempt,
    Objects,
    Reports,
    SignedPair,
    Stored,
    Ticket,
    Trouble,
    fetch_seconds,
)
from ecg.kernel.errors import (
    Conflict,
    EcgError,
    EngineCrashed,
    EngineFailed,
    NotFound,
    Unavailable,
)
from ecg.kernel.folders import held_folder
from ecg.kernel.queue import Life, TryAgain, TryElsewhere
from ecg.kernel.telemetry import Faults

T = TypeVar("T")

OUTCOMES = Counter("ecg_attempts_total", "Attempts at jobs that ended", ["kind", "outcome"])
SECONDS = Histogram(
    "ecg_attempt_seconds",
    "Wall time of attempts",
    ["kind", "outcome"],
    buckets=(1, 3, 10, 30, 100, 300, 1000, 3600),
)

SOURCE = "source"
MOST_CRASHES = 3
ROOM_PER_BYTE = 3
ROOM = 1 << 30
"""Bytes of free disk that a job waits for: so many for each of its source, and so many besides."""

ROOM_SECONDS = 60.0
"""How long it waits for them before another worker may have it."""

_FAULTS = Faults()
_PATH = re.compile(r"(?<![\w:/])/(?:[^\s/:'\",;]+/)+[^\s:'\",;]*")


class Link(msgspec.Struct, frozen=True):
    """What a worker role is joined to. ``redis``: where its progress goes. ``work_dir``: where
    attempts have their folders."""

    objects: Objects
    reports: Reports
    redis: Redis
    client: httpx.AsyncClient
    work_dir: Path


class JobOver(Exception):
    """The job was cancelled, or a later attempt has begun: nothing is left to do."""


class Attempted:
    """One attempt at a job of ``kind``. ``folder`` is its own and goes with it."""

    def __init__(
        self, link: Link, ticket: Ticket, life: Life, begun: Attempt, folder: Path
    ) -> None:
        self.id = ticket.id
        self.number = begun.number
        self.request = begun.request
        self.life = life
        self.folder = folder
        self._link = link

    @property
    def source(self) -> Path:
        return self.folder / SOURCE

    async def fetch(self, size: int) -> None:
        """Brings the source of ``size`` bytes to ``self.source``, once there is room for it and
        for what is made of it. Raises ``TryElsewhere`` where there is none for a while, and
        ``EngineFailed`` where the source does not come in time."""
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                await transfer.patiently(lambda: self._room(size))
        except TimeoutError:
            raise TryElsewhere(f"no room for {size >> 20} MB and what is made of it") from None
        async with within(fetch_seconds(size), "fetching the video"):
            await transfer.download(
                self._link.client, lambda: self._url(SOURCE, "get"), self.source, size
            )

    async def _room(self, size: int) -> None:
        needed = ROOM_PER_BYTE * size + ROOM
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            error = Unavailable(f"{free >> 20} MB free, {needed >> 20} MB needed for a job")
            _FAULTS.failed("disk space", error)
            raise error
        _FAULTS.worked("disk space")

    async def load(self, name: str, size: int) -> bool:
        """Brings the object ``name`` of ``size`` bytes to the file of that name in the folder;
        whether it is there still. Raises ``EngineFailed`` where it is another than announced."""

        async def url() -> str:
            signed = await self._url(name, "get")
            if not signed:
                raise NotFound(f"{name} is no longer in the store")
            return signed

        try:
            await transfer.download(self._link.client, url, self.folder / name, size)
        except NotFound:
            return False
        return True

    async def store(self, name: str) -> Stored:
        """Brings the file ``name`` of the folder to the store."""
        path = self.folder / name
        return await transfer.upload(self._link.client, lambda: self._url(name, "put"), path, name)

    async def report(self, report: msgspec.Struct, event: msgspec.Struct) -> None:
        """Delivers ``report``, whose event is ``event``: an id for each kind of event of each
        attempt, so that a repeated one is known. Raises ``JobOver``."""
        tag = str(event.__struct_config__.tag)
        report_id = f"{self.id}-{self.number}-{tag}"
        try:
            await self._asked(lambda: self._link.reports.deliver(report_id, report))
        except EcgError as error:
            raise TryAgain(f"the desk did not take the report: {error.message}") from error

    async def sign(self, names: Sequence[str]) -> dict[str, SignedPair]:
        """URLs of the attempt's objects. Raises ``JobOver``."""
        return await self._asked(lambda: self._link.objects.sign(self.id, self.number, names))

    async def bring(self, name: str, url: str) -> None:
        """Brings the object ``name`` to the file of that name in the folder; nothing where it
        has gone meanwhile or the store breaks off."""
        await transfer.fetch(self._link.client, url, self.folder / name)

    async def _url(self, name: str, way: str) -> str:
        signed = await self.sign([name])
        return signed[name].get if way == "get" else signed[name].put

    async def _asked(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await transfer.patiently(call)
        except (Conflict, NotFound) as error:
            raise JobOver(error.message) from error


Do = Callable[[Attempted], Awaitable[None]]
"""Does the work of one attempt and reports how it ended. An ``EcgError`` is reported for it."""

Failed = Callable[[Attempted, Trouble], Awaitable[None]]


async def attempt(  # noqa: PLR0913 - the two ways it may end are the feature's
    kind: str, link: Link, ticket: Ticket, life: Life, *, do: Do, failed: Failed
) -> None:
    """Makes one attempt, from asking for it to the report's acknowledgement. Raises
    ``TryAgain`` where another may do better."""
    begun_at = time.monotonic()
    outcome = "stopped"
    try:
        begun = await transfer.patiently(lambda: link.objects.begin(ticket.id))
        with held_folder(link.work_dir) as folder:
            tried = Attempted(link, ticket, life, begun, folder)
            outcome = await _ended(tried, ticket.timeout, do, failed)
    except (Conflict, NotFound, JobOver):
        outcome = "over"
    except TryElsewhere:
        outcome = "elsewhere"
        raise
    except TryAgain:
        outcome = "crashed"
        raise
    finally:
        OUTCOMES.labels(kind, outcome).inc()
        SECONDS.labels(kind, outcome).observe(time.monotonic() - begun_at)


async def _ended(tried: Attempted, seconds: int, do: Do, failed: Failed) -> str:
    log = structlog.get_logger("ecg.work").bind(attempt=tried.number)
    try:
        if tried.life.crashes >= MOST_CRASHES:
            raise EngineFailed(f"given up: {tried.life.crashes} attempts at it crashed")
        async with within(seconds, "the attempt"):
            await do(tried)
    except EngineCrashed as error:
        raise TryAgain(error.message) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        await failed(tried, Trouble.of(EngineFailed("the worker's disk ran full; try again later")))
        return "failed"
    except EcgError as error:
        log.warning("attempt ended", code=error.code, reason=error.message)
        await failed(tried, told(error, tried.source))
        return "failed"
    log.info("attempt done")
    return "done"


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncGenerator[None]:
    """Raises ``EngineFailed`` where the block is not done in time."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise EngineFailed(f"{what} took more than the {seconds:.0f} s that it may take") from None


def told(error: EcgError, source: Path) -> Trouble:
    """``error`` without the paths of this machine."""
    message = error.message.replace(str(source), "the video")
    return Trouble(error.code, _PATH.sub("…", message))


def now(progress: Any) -> Any:
    """``progress`` as of this moment."""
    return msgspec.structs.replace(progress, at=time.time())
