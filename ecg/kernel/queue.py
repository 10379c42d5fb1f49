"""The queue of a worker role: SAQ on Redis, with the settings that were measured on it.

SAQ decides who runs a job and takes it again from a dead worker. Three things are our own,
each because of what SAQ does (docs/decisions/0007-cancel.md): a job looks for its cancel mark
itself, a stopping worker hands its job back at once, and only what does the work renews a
job's heartbeat.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, cast

import msgspec
import structlog
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq import Job, Status, Worker
from saq.queue.redis import RedisQueue
from saq.types import PartialTimersDict

from ecg.kernel.attempts import Ticket
from ecg.kernel.errors import Unavailable
from ecg.kernel.redis import DEQUEUE_SECONDS
from ecg.kernel.telemetry import Faults, begin_trace

LENGTH = Gauge("ecg_queue_length", "Jobs in the queue", ["queue", "state"])

HEARTBEAT = 8
"""Seconds without a heartbeat after which another worker takes a job; renewed each third."""

SILENCE = 20.0
"""Seconds without an engine's sign of life after which it is taken for dead; an engine that
loads its libraries on a busy machine is silent for some."""

TICK = 0.5
"""Seconds between two looks at a running job."""

_RETRIES = 20  # each deploy and each crash takes one; SAQ's own default of 1 means none
_KEPT = 3600
_CANCEL_KEPT = 600
_BACKSTOP = 120
_CRASH_DELAY = 1.0
_ELSEWHERE_DELAY = 10.0
_MARGIN = 3.0
_GRACE = 2
_IDLE_GRACE = 0.2  # a job that is being taken just now still comes through

_CANCEL = """
redis.call('SET', KEYS[4], '1', 'EX', ARGV[1])
if redis.call('LREM', KEYS[1], 0, KEYS[3]) > 0 then
    redis.call('ZREM', KEYS[2], KEYS[3])
    redis.call('DEL', KEYS[3])
end
"""


_TAKE = """
if (redis.call('GET', KEYS[4]) or '') ~= ARGV[1] or redis.call('LREM', KEYS[1], 0, KEYS[4]) == 0 then
    return 0
end
if ARGV[2] == '' then
    redis.call('ZREM', KEYS[3], KEYS[4])
else
    redis.call('SET', KEYS[4], ARGV[2])
    redis.call('ZADD', KEYS[3], 0, KEYS[4])
    redis.call('RPUSH', KEYS[2], KEYS[4])
end
return 1
"""


class TryAgain(Exception):
    """The attempt came to nothing, and another may do better."""


class TryElsewhere(TryAgain):
    """The machine cannot do it just now; the job is not at fault."""


class Life:
    """What a running job and the queue know of each other. ``crashes``: earlier attempts that
    ended by ``TryAgain``. ``tell`` is called each ``TICK`` while the job is seen at work."""

    def __init__(self, crashes: int) -> None:
        self.crashes = crashes
        self.tell: Callable[[], Awaitable[None]] | None = None
        self._seen = 0.0
        self._engine = False

    @contextmanager
    def of_engine(self) -> Generator[Callable[[], None]]:
        """While inside, the job lives by the engine's signs alone: what is yielded is to be
        called at each."""
        self._engine = True
        self._alive()
        try:
            yield self._alive
        finally:
            self._engine = False

    @property
    def silent(self) -> bool:
        return self._engine and time.monotonic() - self._seen > SILENCE

    def _alive(self) -> None:
        self._seen = time.monotonic()


Work = Callable[[Ticket, Life], Awaitable[None]]
"""Does a job. Cancelled where the job is, or where the worker stops. Raises ``TryAgain``."""


class JobQueue(RedisQueue):
    """The queue ``name`` on ``redis``; ``disconnect`` closes both."""

    def __init__(self, redis: Redis, name: str, faults: Faults) -> None:
        super().__init__(redis, name=name)
        self._faults = faults
        self._odd: dict[bytes, float] = {}

    async def sweep(self, lock: int = 8, abort: float = 0.5) -> list[str]:
        """Takes jobs from dead workers: those without a heartbeat, and those that a worker took
        and died before it said so.

        The parent's own would also take a job that has just been dequeued and is not marked as
        active yet, and would put back a copy of one that has ended meanwhile. Here a job is
        taken only if it still is exactly what was looked at; so any number may sweep at once.
        """
        del lock, abort
        active: list[bytes] = await cast(Any, self.redis).lrange(self._active, 0, -1)
        found: list[bytes | None] = await cast(Any, self.redis).mget(active) if active else []
        taken = [
            name.decode()
            for name, raw in zip(active, found, strict=True)
            if self._is_left(name, raw) and await self._take(name, raw)
        ]
        self._odd = {name: since for name, since in self._odd.items() if name in set(active)}
        for state in ("queued", "active"):
            LENGTH.labels(self.name, state).set(await self.count(state))
        return taken

    def _is_left(self, name: bytes, raw: bytes | None) -> bool:
        job = self._read(raw)
        if job is not None and job.status == Status.ACTIVE:
            self._odd.pop(name, None)
            return job.stuck
        now = time.monotonic()
        return now - self._odd.setdefault(name, now) > HEARTBEAT

    async def _take(self, name: bytes, raw: bytes | None) -> bool:
        job = self._read(raw)
        if job is not None:
            job.status, job.started, job.worker_id = Status.QUEUED, 0, None
        script = self.redis.register_script(_TAKE)
        took = await cast(Any, script)(
            keys=[self._active, self.namespace("queued"), self.namespace("incomplete"), name],
            args=[raw or b"", b"" if job is None else self.serialize(job)],
        )
        return bool(took)

    def _read(self, raw: bytes | None) -> Job | None:
        return cast(Any, self).deserialize(raw)

    async def dequeue(  # the parent's signature
        self,
        timeout: float = 0.0,  # noqa: ASYNC109
        poll_interval: float = 0.0,
    ) -> Job | None:
        try:
            job = await super().dequeue(timeout, poll_interval)
        except RedisError as error:
            self._faults.failed(f"the {self.name} queue", error)
            await asyncio.sleep(1)
            return None
        self._faults.worked(f"the {self.name} queue")
        return job

    async def disconnect(self) -> None:
        try:
            await super().disconnect()
        except RedisError:  # it says goodbye first, which an absent server does not hear
            await self.redis.aclose()
            await self.redis.connection_pool.disconnect()

    async def cancel(self, job_id: str) -> None:
        """Takes a waiting job away, and marks one that runs."""
        saq_id = self.job_id(job_id)
        script = self.redis.register_script(_CANCEL)
        await cast(Any, script)(
            keys=[self.namespace("queued"), self.namespace("incomplete"), saq_id, _mark(job_id)],
            args=[_CANCEL_KEPT],
        )

    async def cancelled(self, job_id: str) -> bool:
        return bool(await self.redis.exists(_mark(job_id)))


class QueueSubmitter:
    """The way into a queue from the process that holds it."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue

    async def submit(self, ticket: Ticket) -> None:
        try:
            await self._queue.enqueue(
                "work",
                key=ticket.id,
                ticket=msgspec.to_builtins(ticket),
                timeout=ticket.timeout + _BACKSTOP,
                heartbeat=HEARTBEAT,
                retries=_RETRIES,
                ttl=_KEPT,
            )
        except RedisError as error:
            raise self._absent() from error

    async def cancel(self, job_id: str) -> None:
        try:
            await self._queue.cancel(job_id)
        except RedisError as error:
            raise self._absent() from error

    def _absent(self) -> Unavailable:
        return Unavailable(f"the {self._queue.name} queue does not answer just now")


class _Worker(Worker[Any]):
    """Ends at once where no job is at work; SAQ's own sits out its grace, as its timers sleep."""

    async def stop(self) -> None:
        if not self.job_task_contexts:
            self._shutdown_grace_period_s = _IDLE_GRACE
        await super().stop()


async def serve_queue(queue: JobQueue, work: Work) -> None:
    """Does one job of ``queue`` after another until cancelled; the job at work is then handed
    back, and another worker takes it at once."""

    async def run(context: dict[str, Any], *, ticket: dict[str, Any]) -> None:
        await _Running(queue, context["worker"], context["job"]).run(
            work, msgspec.convert(ticket, Ticket)
        )

    logging.getLogger("saq").setLevel(logging.CRITICAL)  # it logs each retry; faults are ours
    worker = _Worker(
        queue,
        [("work", run)],
        concurrency=1,
        timers=cast(PartialTimersDict, {"sweep": 3, "abort": 1}),
        dequeue_timeout=DEQUEUE_SECONDS,
        shutdown_grace_period_s=_GRACE,
        cancellation_hard_deadline_s=_MARGIN,
    )
    worker.SIGNALS = []  # else it takes the server's handlers, and the process never stops
    await queue.connect()
    await worker.start()
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError  # which SAQ swallows


class _Running:
    """One job while it runs."""

    def __init__(self, queue: JobQueue, worker: Worker[Any], job: Job) -> None:
        self._queue = queue
        self._worker = worker
        self._job = job
        self._log = structlog.get_logger("ecg.queue")
        self._beat = 0.0
        self._faults = Faults()

    async def run(self, work: Work, ticket: Ticket) -> None:
        begin_trace(ticket.traceparent)
        structlog.contextvars.bind_contextvars(job_id=ticket.id, user_id=ticket.user_id)
        life = Life(int(self._job.meta.get("crashes", 0)))
        doing = asyncio.ensure_future(work(ticket, life))
        try:
            stopped = await self._until_over(doing, life)
        finally:
            doing.cancel()
            await asyncio.wait({doing})
        if stopped == "cancelled":
            self._log.info("job cancelled")
        elif stopped == "stopping" and (doing.cancelled() or doing.exception()):
            await self._hand_back("handed back", 0.0)
        else:
            await self._judge(doing)

    async def _until_over(self, doing: asyncio.Future[None], life: Life) -> str:
        while not doing.done():
            if self._worker.event.is_set():
                return "stopping"
            if life.silent:
                return "silent"
            try:
                async with asyncio.timeout(HEARTBEAT / 3):
                    if await self._queue.cancelled(self._job.key):
                        return "cancelled"
                    await self._show_life(life)
            except (RedisError, TimeoutError) as error:
                self._faults.failed("Redis, from a running job", error)
            else:
                self._faults.worked("Redis, from a running job")
            await asyncio.wait({doing}, timeout=TICK)
        return "done"

    async def _show_life(self, life: Life) -> None:
        if life.tell is not None:
            await life.tell()
        if time.monotonic() - self._beat > HEARTBEAT / 3:
            await self._job.update()
            self._beat = time.monotonic()

    async def _judge(self, doing: asyncio.Future[None]) -> None:
        """A defect is tried again like a crash: a few times, since nothing tells them apart."""
        error = None if doing.cancelled() else doing.exception()
        if doing.cancelled():
            error = TryAgain(f"the engine gave no sign of life for {SILENCE:.0f} s")
        if error is None:
            return
        if isinstance(error, TryElsewhere):
            self._log.warning("job handed back", reason=str(error))
            await self._hand_back(str(error), _ELSEWHERE_DELAY)
            return
        self._log.error(
            "attempt failed",
            reason=str(error),
            exc_info=None if isinstance(error, TryAgain) else error,
        )
        self._job.meta["crashes"] = int(self._job.meta.get("crashes", 0)) + 1
        await self._hand_back(str(error), _CRASH_DELAY)

    async def _hand_back(self, why: str, delay: float) -> None:
        """Puts the job into the queue again after ``delay`` seconds, unless another worker has
        it by now; one that was tried too often is left to the dispatcher."""
        stored = await self._queue.job(self._job.key)
        self._worker.job_task_contexts[self._job]["aborted"] = why  # so that SAQ ends nothing
        if stored is None or stored.worker_id != self._worker.id:
            return
        self._job.retry_delay = delay
        if self._job.retryable:
            await self._job.retry(why)
        else:
            await self._job.finish(Status.FAILED, error=why)


def _mark(job_id: str) -> str:
    return f"ecg:cancel:{job_id}"
