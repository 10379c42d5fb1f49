"""The one way by which jobs reach a role's queue, the first time and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import msgspec
import psycopg
from sqlalchemy import and_, or_, select, update

from ecg.kernel.attempts import Submitter, Ticket, Trouble
from ecg.kernel.database import Database, utc_now
from ecg.kernel.errors import EcgError, Unavailable
from ecg.kernel.jobs import CHANNEL, MOST_ATTEMPTS, OVER, forget_receipts
from ecg.kernel.telemetry import Faults

SILENCE = 20.0
"""Seconds without a sign of life after which a job is handed out again."""

WAKE = 5.0
"""Seconds between two rounds where no notice comes, and until a refused job is tried again."""

_BATCH = 50
_FORGET = 3600.0


class Kind(msgspec.Struct, frozen=True):
    """A table of jobs, the way to its role, and when each of its jobs was last seen at work
    (unix seconds, from the progress that workers write; ``signs`` raises ``Unavailable`` where
    Redis does not answer)."""

    table: type[Any]
    submitter: Submitter
    signs: Callable[[Sequence[str]], Awaitable[Mapping[str, float]]]
    give_up: Callable[[str, int, Trouble], Awaitable[None]]


async def dispatch(
    database: Database,
    kinds: Sequence[Kind],
    faults: Faults,
    *,
    silence: float = SILENCE,
    wake: float = WAKE,
) -> None:
    """Hands out jobs for as long as the process serves. Any number of these may run: rows are
    claimed with SKIP LOCKED."""
    woken = asyncio.Event()
    listening = asyncio.create_task(_listen(database, woken))
    forgotten = 0.0
    try:
        while True:
            woken.clear()
            await asyncio.gather(*(_round(database, kind, faults, silence, wake) for kind in kinds))
            if time.monotonic() - forgotten > _FORGET:
                forgotten = time.monotonic()
                with suppress(Unavailable):
                    async with database.transaction() as session:
                        await forget_receipts(session)
            with suppress(TimeoutError):
                async with asyncio.timeout(wake):
                    await woken.wait()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _round(
    database: Database, kind: Kind, faults: Faults, silence: float, wake: float
) -> None:
    what = f"handing out {kind.table.__tablename__}"
    try:
        jobs = await _claimed(database, kind.table, silence, wake)
        alive = await _alive(kind, [job.id for job in jobs if job.state != "pending"], silence)
        for job in jobs:
            tried = job.attempt - job.attempts_from
            if alive is not None and job.id in alive:
                continue
            if alive is not None and tried >= MOST_ATTEMPTS:
                trouble = Trouble("engine_failed", f"given up after {tried} attempts")
                await kind.give_up(job.id, job.attempt, trouble)
            else:
                if not await _submitted(kind, Ticket(job.id, job.owner_id, job.timeout, job.trace)):
                    break
                await _acknowledged(database, kind.table, job.id)
    except EcgError as error:
        faults.failed(what, error)
    else:
        faults.worked(what)


async def _submitted(kind: Kind, ticket: Ticket) -> bool:
    """False where the role does not answer, which its own client has logged once."""
    try:
        await kind.submitter.submit(ticket)
    except Unavailable:
        return False
    return True


async def _claimed(
    database: Database, table: type[Any], silence: float, wake: float
) -> Sequence[Any]:
    now = utc_now()
    refused = and_(table.state == "pending", table.seen_at < now - timedelta(seconds=wake * 0.9))
    silent = table.seen_at < now - timedelta(seconds=silence)
    async with database.transaction() as session:
        due: Any = (
            select(table.id)
            .where(table.state.not_in(OVER), or_(table.seen_at.is_(None), refused, silent))
            .order_by(table.id)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        claim: Any = (
            cast(Any, update(table))
            .where(table.id.in_(due.scalar_subquery()))
            .values(seen_at=now)
            .returning(
                table.id,
                table.owner_id,
                table.state,
                table.attempt,
                table.attempts_from,
                table.timeout,
                table.trace,
            )
        )
        claimed: Any = await session.execute(claim)
        return claimed.all()


async def _alive(kind: Kind, ids: Sequence[str], silence: float) -> set[str] | None:
    """Those seen at work; ``None`` where that cannot be known."""
    if not ids:
        return set()
    try:
        signs = await kind.signs(ids)
    except Unavailable:
        return None
    return {job_id for job_id, at in signs.items() if time.time() - at < silence}


async def _acknowledged(database: Database, table: type[Any], job_id: str) -> None:
    async with database.transaction() as session:
        await session.execute(
            update(table)
            .where(table.id == job_id, table.state == "pending")
            .values(state="queued", queued_at=utc_now())
        )


async def _listen(database: Database, woken: asyncio.Event) -> None:
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        with suppress(psycopg.Error, OSError):
            connection = await psycopg.AsyncConnection.connect(
                url, autocommit=True, connect_timeout=5, application_name="ecg dispatcher"
            )
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                woken.set()
                async for _ in connection.notifies():
                    woken.set()
        await asyncio.sleep(1)
