"""Quotas: reserved in the transaction of what they pay for, then charged or given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import and_, column, func, select, table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.kernel.database import utc_now
from ecg.kernel.errors import NotFound, QuotaExceeded
from ecg.kernel.identity import new_id
from ecg.kernel.settings import LimitSettings
from ecg.usage.models import Entry, Quota

USERS = table("users", column("id"), column("email"))

Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Bytes = Annotated[int, Meta(ge=0, le=2**53)]


class Allowance(msgspec.Struct, frozen=True):
    """What an account may use; also what is left of it."""

    renders_per_day: int
    renders_per_month: int
    concurrent: int
    upload_bytes: int


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account's own limits; null means the default."""

    renders_per_day: Count | None = None
    renders_per_month: Count | None = None
    concurrent: Count | None = None
    upload_bytes: Bytes | None = None


class Day(msgspec.Struct, frozen=True):
    """``seconds``: of rendered video."""

    renders: int
    seconds: float


class Month(msgspec.Struct, frozen=True):
    renders: int
    seconds: float
    upload_bytes: int


class Usage(msgspec.Struct, frozen=True):
    """What was used since midnight and since the first of the month, both UTC."""

    today: Day
    month: Month
    quota: Allowance
    left: Allowance


def defaults(limits: LimitSettings) -> Allowance:
    return Allowance(
        renders_per_day=limits.renders_per_day,
        renders_per_month=limits.renders_per_month,
        concurrent=limits.renders_at_once,
        upload_bytes=limits.upload_bytes_per_month,
    )


def periods(now: datetime) -> tuple[datetime, datetime]:
    """The beginnings of the day and the month that hold ``now`` (UTC)."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day, day.replace(day=1)


def renewals(now: datetime) -> tuple[datetime, datetime]:
    """The beginnings of the next day and the next month."""
    day, month = periods(now)
    return day + timedelta(days=1), (month + timedelta(days=32)).replace(day=1)


async def reserve_render(  # noqa: PLR0913 - the last two are bound by the joiner and by tests
    session: AsyncSession,
    owner_id: str,
    render_id: str,
    seconds: float,
    *,
    limits: LimitSettings,
    now: datetime | None = None,
) -> None:
    """Takes one render of ``seconds`` out of the quota. Raises ``QuotaExceeded``."""
    now = now or utc_now()
    usage = await _locked(session, owner_id, limits, now)
    next_day, next_month = renewals(now)
    quota, left = usage.quota, usage.left
    if left.concurrent <= 0:
        raise QuotaExceeded(
            f"0 of {quota.concurrent} renders at once are left; one is free as soon as a render "
            "ends or is cancelled"
        )
    if left.renders_per_month <= 0:
        raise QuotaExceeded(
            f"0 of {quota.renders_per_month} renders this month are left; "
            f"it renews at {_told(next_month)}"
        )
    if left.renders_per_day <= 0:
        raise QuotaExceeded(
            f"0 of {quota.renders_per_day} renders today are left; it renews at {_told(next_day)}"
        )
    await _enter(session, owner_id, "render", render_id, now, seconds=seconds)


async def reserve_upload(  # noqa: PLR0913 - the last two are bound by the joiner and by tests
    session: AsyncSession,
    owner_id: str,
    upload_id: str,
    size: int,
    *,
    limits: LimitSettings,
    now: datetime | None = None,
) -> None:
    """Takes ``size`` bytes out of the month's quota. Raises ``QuotaExceeded``."""
    now = now or utc_now()
    usage = await _locked(session, owner_id, limits, now)
    if size > usage.left.upload_bytes:
        raise QuotaExceeded(
            f"{max(usage.left.upload_bytes, 0)} of {usage.quota.upload_bytes} upload bytes this "
            f"month are left and the file has {size}; it renews at {_told(renewals(now)[1])}"
        )
    await _enter(session, owner_id, "upload", upload_id, now, size=size)


async def settle_render(session: AsyncSession, render_id: str, charged: bool) -> None:
    """Charges the render, or gives it back. Only the first settlement counts."""
    await _close(session, "render", render_id, "charged" if charged else "released")


async def charge_upload(session: AsyncSession, upload_id: str) -> None:
    await _close(session, "upload", upload_id, "charged")


async def release_upload(session: AsyncSession, upload_id: str) -> None:
    """Gives back an upload that was not charged."""
    await _close(session, "upload", upload_id, "released")


async def refund_upload(session: AsyncSession, upload_id: str) -> None:
    """Gives back an upload that was charged and is of no use after all."""
    await session.execute(
        update(Entry)
        .where(Entry.subject_id == upload_id, Entry.kind == "upload", Entry.state == "charged")
        .values(state="released", closed_at=utc_now())
    )


async def reopen(session: AsyncSession, subject_id: str) -> None:
    """Takes again what was given back, for a job that an admin runs once more; no limit holds."""
    await session.execute(
        update(Entry)
        .where(Entry.subject_id == subject_id, Entry.state == "released")
        .values(state="reserved", closed_at=None)
    )


async def set_quota(session: AsyncSession, owner_id: str, override: Override) -> None:
    """Replaces the account's own limits. Raises ``NotFound`` for an unknown account."""
    await _lock(session, owner_id)
    values = msgspec.structs.asdict(override)
    statement = insert(Quota).values(owner_id=owner_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["owner_id"], set_=values))


async def usage_of(
    session: AsyncSession, owner_id: str, limits: LimitSettings, now: datetime | None = None
) -> Usage:
    found = await usages(session, [owner_id], limits, now or utc_now())
    return found[owner_id]


async def usages(
    session: AsyncSession, owners: list[str], limits: LimitSettings, now: datetime
) -> dict[str, Usage]:
    """The usage of each of ``owners``, by two queries whatever their number."""
    day, month = periods(now)
    kept = Entry.state != "released"
    render = and_(Entry.kind == "render", kept)
    today = and_(render, Entry.created_at >= day)
    monthly = Entry.created_at >= month
    uploaded = and_(Entry.kind == "upload", kept, monthly)
    counts = await session.execute(
        select(
            Entry.owner_id,
            func.count().filter(today),
            func.coalesce(func.sum(Entry.amount_seconds).filter(today), 0.0),
            func.count().filter(render, monthly),
            func.coalesce(func.sum(Entry.amount_seconds).filter(render, monthly), 0.0),
            func.coalesce(func.sum(Entry.amount_bytes).filter(uploaded), 0),
            func.count().filter(Entry.kind == "render", Entry.state == "reserved"),
        )
        .where(Entry.owner_id.in_(owners), monthly | (Entry.state == "reserved"))
        .group_by(Entry.owner_id)
    )
    rows = {row[0]: tuple(row)[1:] for row in counts}
    quotas = await session.scalars(select(Quota).where(Quota.owner_id.in_(owners)))
    own = {quota.owner_id: quota for quota in quotas}
    none = (0, 0.0, 0, 0.0, 0, 0)
    return {owner: _usage(rows.get(owner, none), own.get(owner), limits) for owner in owners}


def _usage(counted: tuple[Any, ...], own: Quota | None, limits: LimitSettings) -> Usage:
    day_renders, day_seconds, renders, seconds, size, running = counted
    quota = defaults(limits)
    if own is not None:
        given = {name: getattr(own, name) for name in Allowance.__struct_fields__}
        quota = msgspec.structs.replace(
            quota, **{name: value for name, value in given.items() if value is not None}
        )
    return Usage(
        today=Day(day_renders, day_seconds),
        month=Month(renders, seconds, int(size)),
        quota=quota,
        left=Allowance(
            renders_per_day=max(quota.renders_per_day - day_renders, 0),
            renders_per_month=max(quota.renders_per_month - renders, 0),
            concurrent=max(quota.concurrent - running, 0),
            upload_bytes=max(quota.upload_bytes - int(size), 0),
        ),
    )


async def _lock(session: AsyncSession, owner_id: str) -> None:
    # FOR NO KEY UPDATE: callers may hold the key share that a foreign key takes on this row, and
    # two of them asking for a full FOR UPDATE would deadlock
    statement = select(USERS.c.id).where(USERS.c.id == owner_id).with_for_update(key_share=True)
    if await session.scalar(statement) is None:
        raise NotFound("no such account")


async def _locked(
    session: AsyncSession, owner_id: str, limits: LimitSettings, now: datetime
) -> Usage:
    # a statement of its own: the count after it sees what the former holder committed
    await _lock(session, owner_id)
    return await usage_of(session, owner_id, limits, now)


async def _enter(  # noqa: PLR0913 - one column each
    session: AsyncSession,
    owner_id: str,
    kind: Literal["render", "upload"],
    subject_id: str,
    now: datetime,
    *,
    seconds: float = 0.0,
    size: int = 0,
) -> None:
    entry = {
        "id": new_id(), "owner_id": owner_id, "kind": kind, "subject_id": subject_id,
        "amount_seconds": seconds, "amount_bytes": size, "state": "reserved", "created_at": now,
    }  # fmt: skip
    statement = insert(Entry).values(**entry)
    await session.execute(statement.on_conflict_do_nothing(index_elements=["subject_id"]))


async def _close(session: AsyncSession, kind: str, subject_id: str, state: str) -> None:
    await session.execute(
        update(Entry)
        .where(Entry.subject_id == subject_id, Entry.kind == kind, Entry.state == "reserved")
        .values(state=state, closed_at=utc_now())
    )


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
