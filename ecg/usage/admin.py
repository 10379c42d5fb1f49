"""What an admin sees, and the numbers that operators watch. The job tables belong to analysis
and render; they are read here by name, never written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from prometheus_client import Gauge
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    TableClause,
    column,
    func,
    literal,
    select,
    table,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.kernel.attempts import Trouble
from ecg.kernel.problems import Problem, problem_of
from ecg.kernel.settings import LimitSettings
from ecg.usage import service
from ecg.usage.models import Entry
from ecg.usage.service import USERS, Usage

JobKind = Literal["analysis", "render"]
JobState = Literal["pending", "queued", "running", "succeeded", "failed", "cancelled"]

RENDERS = Gauge("ecg_renders", "Renders of the last 24 h by state", ["state"])
MEAN = Gauge("ecg_render_processing_seconds_mean", "Mean processing time in the last 24 h")
SPEED = Gauge("ecg_render_speed_ratio", "Seconds of video per second of work, last 24 h")
FULLEST = Gauge("ecg_quota_use_ratio", "Use of the fullest account's quota", ["limit"])

_COLUMNS = (
    "id",
    "owner_id",
    "state",
    "attempt",
    "error",
    "trace",
    "created_at",
    "started_at",
    "finished_at",
)


def _jobs_table(name: str) -> TableClause:
    columns: list[ColumnClause[Any]] = [column(each) for each in _COLUMNS]
    return table(name, *columns)


TABLES: dict[JobKind, TableClause] = {
    "analysis": _jobs_table("analyses"),
    "render": _jobs_table("renders"),
}
_RENDERS = TABLES["render"]
_STATES = ("pending", "queued", "running", "succeeded", "failed", "cancelled")


class Account(msgspec.Struct, frozen=True):
    """``success_rate``: of the month's renders that ended by themselves, 0..1. ``mean_seconds``:
    from start to end of those that succeeded. ``quota_use``: the fullest of the limits, 0..1."""

    id: str
    email: str
    usage: Usage
    success_rate: float | None
    mean_seconds: float | None
    quota_use: float


class Job(msgspec.Struct, frozen=True):
    id: str
    kind: JobKind
    owner_id: str
    state: JobState
    attempt: int
    error: Problem | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


async def jobs(
    session: AsyncSession,
    kind: JobKind | None,
    state: JobState | None,
    cursor: str | None,
    limit: int,
) -> list[Job]:
    chosen = {kind: TABLES[kind]} if kind else TABLES
    both = union_all(
        *(select(literal(name).label("kind"), *rows.c) for name, rows in chosen.items())
    ).subquery()
    query = select(both).order_by(both.c.id.desc()).limit(limit)
    if state:
        query = query.where(both.c.state == state)
    if cursor:
        query = query.where(both.c.id < cursor)
    found = await session.execute(query)
    return [_job(dict(row)) for row in found.mappings()]


def _job(row: dict[str, Any]) -> Job:
    trace, error = row.pop("trace"), row.pop("error")
    trouble = None if error is None else msgspec.convert(error, Trouble)
    return Job(**row, error=None if trouble is None else problem_of(trouble.error(), trace))


async def accounts(
    session: AsyncSession, limits: LimitSettings, cursor: str | None, limit: int, now: datetime
) -> list[Account]:
    query = select(USERS.c.id, USERS.c.email).order_by(USERS.c.id.desc()).limit(limit)
    if cursor:
        query = query.where(USERS.c.id < cursor)
    emails = {row[0]: row[1] for row in await session.execute(query)}
    used = await service.usages(session, list(emails), limits, now)
    ended = await _ended(session, list(emails), service.periods(now)[1])
    return [
        Account(owner, email, used[owner], *ended.get(owner, (None, None)), _use(used[owner]))
        for owner, email in emails.items()
    ]


async def _ended(
    session: AsyncSession, owners: list[str], since: datetime
) -> dict[str, tuple[float | None, float | None]]:
    good = func.count().filter(_RENDERS.c.state == "succeeded")
    all_ended = func.count().filter(_RENDERS.c.state.in_(("succeeded", "failed")))
    rows = await session.execute(
        select(_RENDERS.c.owner_id, good, all_ended, _mean())
        .where(_RENDERS.c.owner_id.in_(owners), _RENDERS.c.created_at >= since)
        .group_by(_RENDERS.c.owner_id)
    )
    return {
        owner: (succeeded / ended if ended else None, float(mean) if mean is not None else None)
        for owner, succeeded, ended, mean in rows
    }


def _taken() -> ColumnElement[Any]:
    return func.extract("epoch", _RENDERS.c.finished_at - _RENDERS.c.started_at)


def _mean() -> ColumnElement[Any]:
    return func.avg(_taken()).filter(_RENDERS.c.state == "succeeded")


def _use(usage: Usage) -> float:
    return max(_uses(usage).values())


def _uses(usage: Usage) -> dict[str, float]:
    quota, left = msgspec.structs.asdict(usage.quota), msgspec.structs.asdict(usage.left)
    return {name: 1 - left[name] / total if total else 1.0 for name, total in quota.items()}


async def measure(session: AsyncSession, limits: LimitSettings, now: datetime) -> None:
    """Sets the gauges from the tables, so that every api process shows the same."""
    since = now - timedelta(hours=24)
    recent = _RENDERS.c.created_at >= since
    counted = await session.execute(
        select(_RENDERS.c.state, func.count()).where(recent).group_by(_RENDERS.c.state)
    )
    by_state = {row[0]: row[1] for row in counted}
    for state in _STATES:
        RENDERS.labels(state).set(by_state.get(state, 0))
    done = (
        select(_mean(), func.sum(Entry.amount_seconds) / func.nullif(func.sum(_taken()), 0))
        .join_from(_RENDERS, Entry, Entry.subject_id == _RENDERS.c.id)
        .where(recent, _RENDERS.c.state == "succeeded")
    )
    mean, speed = (await session.execute(done)).one()
    MEAN.set(mean or 0)
    SPEED.set(speed or 0)
    month = service.periods(now)[1]
    busy = await session.scalars(
        select(Entry.owner_id).where(Entry.created_at >= month).distinct().limit(10_000)
    )
    used = await service.usages(session, list(busy), limits, now)
    for name in service.Allowance.__struct_fields__:
        FULLEST.labels(name).set(max((_uses(each)[name] for each in used.values()), default=0))
