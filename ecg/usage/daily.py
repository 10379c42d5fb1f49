"""What all accounts together did on each of the last days (UTC), for the admin's charts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Date, Float, cast, column, func, select, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.usage.admin import TABLES, JobKind
from ecg.usage.models import Entry
from ecg.usage.service import periods

_ANALYSES = table("analyses", column("video_id"), column("state"), column("created_at"))
_VIDEOS = table("videos", column("id"), column("media", JSONB))


class Daily(msgspec.Struct, frozen=True):
    """``renders``, ``seconds`` of rendered video and ``upload_bytes`` as quotas count them, by the
    day they were asked for; likewise ``analyses``, the seconds of video that those which succeeded
    ``analysed`` (of videos that are still there), and the jobs of both kinds that ``failed``."""

    day: date
    renders: int
    seconds: float
    upload_bytes: int
    analyses: int
    analysed: float
    failed: int


async def daily(session: AsyncSession, days: int, now: datetime) -> list[Daily]:
    """The last ``days`` days, oldest first; the last one holds ``now``."""
    since = periods(now)[0] - timedelta(days=days - 1)
    ledger = await _ledger(session, since)
    analyses = await _jobs(session, "analysis", since)
    renders = await _jobs(session, "render", since)
    analysed = await _analysed(session, since)
    every = [(since + timedelta(days=number)).date() for number in range(days)]
    return [
        msgspec.structs.replace(
            ledger.get(day, Daily(day, 0, 0.0, 0, 0, 0.0, 0)),
            analyses=analyses.get(day, (0, 0))[0],
            analysed=analysed.get(day, 0.0),
            failed=analyses.get(day, (0, 0))[1] + renders.get(day, (0, 0))[1],
        )
        for day in every
    ]


def _day(moment: Any) -> ColumnElement[date]:
    return cast(func.timezone("UTC", moment), Date)


async def _ledger(session: AsyncSession, since: datetime) -> dict[date, Daily]:
    day = _day(Entry.created_at)
    render, upload = Entry.kind == "render", Entry.kind == "upload"
    rows = await session.execute(
        select(
            day,
            func.count().filter(render),
            func.coalesce(func.sum(Entry.amount_seconds).filter(render), 0.0),
            func.coalesce(func.sum(Entry.amount_bytes).filter(upload), 0),
        )
        .where(Entry.created_at >= since, Entry.state != "released")
        .group_by(day)
    )
    return {row[0]: Daily(row[0], row[1], float(row[2]), int(row[3]), 0, 0.0, 0) for row in rows}


async def _jobs(
    session: AsyncSession, kind: JobKind, since: datetime
) -> dict[date, tuple[int, int]]:
    """How many jobs there were on each day, and how many of them failed."""
    jobs = TABLES[kind].c
    day = _day(jobs.created_at)
    failed = func.count().filter(jobs.state == "failed")
    rows = await session.execute(
        select(day, func.count(), failed).where(jobs.created_at >= since).group_by(day)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def _analysed(session: AsyncSession, since: datetime) -> dict[date, float]:
    """Seconds of video that the analyses of each day heard to their end."""
    jobs = _ANALYSES.c
    day = _day(jobs.created_at)
    seconds = cast(_VIDEOS.c.media["duration"].astext, Float)
    rows = await session.execute(
        select(day, func.sum(seconds))
        .select_from(_ANALYSES.join(_VIDEOS, _VIDEOS.c.id == jobs.video_id))
        .where(jobs.created_at >= since, jobs.state == "succeeded")
        .group_by(day)
    )
    return {row[0]: float(row[1] or 0) for row in rows}
