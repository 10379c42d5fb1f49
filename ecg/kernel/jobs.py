"""The one state machine of jobs, which both desks use.

    pending ──submit acknowledged──▶ queued ──attempt begun──▶ running ──▶ succeeded | failed
       └───────────────────────────────┴───────────────────────────┴─────▶ cancelled

A job is inserted as ``pending`` in the transaction of whatever asked for it; only the dispatcher
(``ecg.kernel.dispatcher``) submits it. The first terminal state stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import structlog
from sqlalchemy import ForeignKey, String, Text, delete, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from ecg.kernel.attempts import Attempt, Trouble
from ecg.kernel.database import Row, utc_now
from ecg.kernel.errors import Conflict, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.telemetry import current_trace

JobState = Literal["pending", "queued", "running", "succeeded", "failed", "cancelled"]

OVER = ("succeeded", "failed", "cancelled")

CHANNEL = "ecg_jobs"
"""The PostgreSQL channel on which a new job is told to the dispatchers."""

MOST_ATTEMPTS = 20
"""Attempts after which a job that nobody works on is given up, whatever ended them: nothing is
tried for ever."""

RECEIPTS_KEPT = timedelta(hours=24)


class JobColumns:
    """What every table of jobs has. ``attempts_from``: how many attempts were made when somebody
    last asked for more. ``timeout``: seconds that one attempt may take. ``seen_at``: when the job was last handed out or seen at work; null before the first time."""

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    video_id: Mapped[str] = mapped_column(String(36), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    attempt: Mapped[int] = mapped_column(default=0)
    attempts_from: Mapped[int] = mapped_column(default=0, server_default="0")
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    trace: Mapped[str] = mapped_column(Text)
    timeout: Mapped[int]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]

    @declared_attr
    def owner_id(self) -> Mapped[str]:
        return mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"), index=True)


class Receipt(Row):
    """The ids of reports that have had their effect."""

    __tablename__ = "webhook_receipts"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)


def job_values(
    owner_id: str, video_id: str, request: msgspec.Struct, timeout: float
) -> dict[str, Any]:
    """The columns of a new job, ``pending``, on behalf of the present request."""
    return {
        "id": new_id(),
        "owner_id": owner_id,
        "video_id": video_id,
        "state": "pending",
        "request": msgspec.to_builtins(request),
        "trace": current_trace(),
        "timeout": int(timeout),
        "created_at": utc_now(),
    }


async def announce(session: AsyncSession, table: type[Any]) -> None:
    """Tells the dispatchers of a new job once this transaction has committed."""
    await session.execute(
        text("SELECT pg_notify(:channel, :table)"),
        {"channel": CHANNEL, "table": table.__tablename__},
    )


async def begin(session: AsyncSession, table: type[Any], job_id: str) -> Attempt:
    """Gives out the next attempt. Raises ``NotFound``, and ``Conflict`` where it is over."""
    job = await session.scalar(select(table).where(table.id == job_id).with_for_update())
    if job is None:
        raise NotFound(f"no job {job_id}")
    _bind(job)
    if job.state in OVER:
        raise Conflict(f"job {job_id} is over: {job.state}")
    job.attempt += 1
    job.state = "running"
    job.started_at = job.started_at or utc_now()
    job.seen_at = utc_now()
    return Attempt(job.attempt, msgspec.Raw(msgspec.json.encode(job.request)))


async def check_attempt(session: AsyncSession, table: type[Any], job_id: str, attempt: int) -> Any:
    """The job's row, where ``attempt`` is still the one at work. Raises ``NotFound``, and
    ``Conflict`` where the job is over or a later attempt has begun."""
    job = await session.scalar(select(table).where(table.id == job_id))
    if job is None:
        raise NotFound(f"no job {job_id}")
    _bind(job)
    if job.state in OVER or job.attempt != attempt:
        raise Conflict(f"attempt {attempt} of job {job_id} is over")
    return job


async def finish(  # noqa: PLR0913 - a transition has this much to say
    session: AsyncSession,
    table: type[Any],
    job_id: str,
    attempt: int,
    *,
    state: Literal["succeeded", "failed"],
    trouble: Trouble | None = None,
    **values: Any,
) -> Any | None:
    """Closes the job with ``values`` in its other columns and returns its row; ``None`` where
    it was over already or a later attempt has begun, and nothing is changed."""
    job = await session.scalar(
        update(table)
        .where(table.id == job_id, table.state.not_in(OVER), table.attempt <= attempt)
        .values(
            state=state,
            finished_at=utc_now(),
            error=None if trouble is None else msgspec.to_builtins(trouble),
            **values,
        )
        .returning(table)
    )
    if job is not None:
        _bind(job)
    return job


def _bind(job: Any) -> None:
    """What is logged from here on says whose job it is about."""
    structlog.contextvars.bind_contextvars(job_id=job.id, user_id=job.owner_id)


async def cancel(session: AsyncSession, table: type[Any], owner_id: str, job_id: str) -> bool:
    """Closes the owner's job as cancelled; false where it was over already. Raises
    ``NotFound``."""
    closed = await session.scalar(
        update(table)
        .where(table.id == job_id, table.owner_id == owner_id, table.state.not_in(OVER))
        .values(state="cancelled", finished_at=utc_now())
        .returning(table.id)
    )
    if closed is None:
        there = select(table.id).where(table.id == job_id, table.owner_id == owner_id)
        if await session.scalar(there) is None:
            raise NotFound(f"no job {job_id}")
    return closed is not None


async def retry(session: AsyncSession, table: type[Any], job_id: str) -> bool:
    """Sets a failed job to pending again, with as many attempts as a new one has; false where
    there is none of this kind. Raises ``Conflict`` where it has not failed."""
    state = await session.scalar(select(table.state).where(table.id == job_id).with_for_update())
    if state is None:
        return False
    if state != "failed":
        raise Conflict(f"job {job_id} is {state}; only a failed one can be run again")
    await session.execute(
        update(table)
        .where(table.id == job_id)
        .values(
            state="pending",
            error=None,
            finished_at=None,
            seen_at=None,
            attempts_from=table.attempt,
        )
    )
    await announce(session, table)
    return True


async def first_time(session: AsyncSession, report_id: str) -> bool:
    """Whether this report has had no effect yet; from this transaction's commit on it has."""
    statement = insert(Receipt).values(id=report_id, received_at=utc_now())
    kept = await session.scalar(statement.on_conflict_do_nothing().returning(Receipt.id))
    return kept is not None


async def forget_receipts(session: AsyncSession) -> None:
    """Drops what no retry can still bring."""
    await session.execute(delete(Receipt).where(Receipt.received_at < utc_now() - RECEIPTS_KEPT))
