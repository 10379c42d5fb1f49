"""Users' webhooks and the deliveries that are due."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import column, delete, func, select, table, update
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.hooks.models import Delivery, Webhook
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Conflict, NotFound
from ecg.kernel.identity import new_id

Event = Literal["analysis.succeeded", "analysis.failed", "render.succeeded", "render.failed"]

MOST = 10
"""Webhooks of one account."""
KEPT = timedelta(days=30)
LEASE = timedelta(seconds=60)
"""How long a sender has for a delivery before another takes it over."""
DELAYS = (5.0, 30.0, 120.0, 600.0, 3600.0, 21600.0, 43200.0)
"""Seconds from each failed try to the next; after the last a delivery is failed."""

_USERS = table("users", column("id"))


class Due(msgspec.Struct, frozen=True):
    """A delivery to try now. ``attempts`` counts this try too."""

    id: str
    owner_id: str
    url: str
    secret: str
    payload: str
    attempts: int


class Outcome(msgspec.Struct, frozen=True):
    """``error`` is ``None`` where the receiver took the delivery."""

    status: int | None
    error: str | None


async def create(session: AsyncSession, owner_id: str, url: str, events: Sequence[str]) -> Webhook:
    """Raises ``Conflict`` where the account has ``MOST`` already."""
    # the lock is a statement of its own, so that the count sees what its former holder committed
    locked = select(_USERS.c.id).where(_USERS.c.id == owner_id).with_for_update(key_share=True)
    if await session.scalar(locked) is None:
        raise NotFound("no such account")
    count = select(func.count()).select_from(Webhook).where(Webhook.owner_id == owner_id)
    if (await session.scalar(count) or 0) >= MOST:
        raise Conflict(f"an account may have {MOST} webhooks; delete one first")
    webhook = Webhook(
        id=new_id(),
        owner_id=owner_id,
        url=url,
        secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
        events=sorted(set(events)),
        created_at=utc_now(),
    )
    session.add(webhook)
    await session.flush()
    return webhook


async def listed(session: AsyncSession, owner_id: str) -> Sequence[Webhook]:
    query = select(Webhook).where(Webhook.owner_id == owner_id).order_by(Webhook.id.desc())
    return (await session.scalars(query)).all()


async def remove(session: AsyncSession, owner_id: str, webhook_id: str) -> None:
    """Removes the webhook with its deliveries. Raises ``NotFound``."""
    mine = delete(Webhook).where(Webhook.id == webhook_id, Webhook.owner_id == owner_id)
    if await session.scalar(mine.returning(Webhook.id)) is None:
        raise NotFound("no such webhook")


async def remove_all(session: AsyncSession, owner_id: str) -> None:
    """Removes every webhook of an account."""
    await session.execute(delete(Webhook).where(Webhook.owner_id == owner_id))


async def deliveries(
    session: AsyncSession, owner_id: str, webhook_id: str, cursor: str | None, limit: int
) -> Sequence[Delivery]:
    """Newest first. Raises ``NotFound``."""
    mine = select(Webhook.id).where(Webhook.id == webhook_id, Webhook.owner_id == owner_id)
    if await session.scalar(mine) is None:
        raise NotFound("no such webhook")
    query = select(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.owner_id == owner_id)
    if cursor:
        query = query.where(Delivery.id < cursor)
    return (await session.scalars(query.order_by(Delivery.id.desc()).limit(limit))).all()


async def notify(session: AsyncSession, owner_id: str, event: str, payload: object) -> None:
    """Makes one delivery to each of the owner's webhooks that wants ``event``, sent once the
    caller's transaction is committed."""
    query = select(Webhook.id).where(Webhook.owner_id == owner_id, Webhook.events.contains([event]))
    now = utc_now()
    body = msgspec.json.encode({"type": event, "timestamp": now, "data": payload}).decode()
    wanted = (await session.scalars(query)).all()
    session.add_all(
        Delivery(
            id=new_id(), webhook_id=webhook_id, owner_id=owner_id, event=event, payload=body,
            state="pending", attempts=0, next_at=now, created_at=now,
        )
        for webhook_id in wanted
    )  # fmt: skip


async def claim(
    session: AsyncSession, now: datetime, limit: int, each: int, without: Sequence[str] = ()
) -> list[Due]:
    """Takes up to ``limit`` deliveries that are due, up to ``each`` of one account and none of
    the accounts ``without``; no other sender gets them for ``LEASE``."""
    due = (Delivery.state == "pending") & (Delivery.next_at <= now)
    turn = func.row_number().over(partition_by=Delivery.owner_id, order_by=Delivery.next_at)
    turns = select(Delivery.id, turn.label("turn")).where(due, Delivery.owner_id.not_in(without))
    first = turns.subquery()
    query = (
        select(Delivery, Webhook.url, Webhook.secret)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(due, Delivery.id.in_(select(first.c.id).where(first.c.turn <= each)))
        .order_by(Delivery.next_at)
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    taken: list[Due] = []
    for delivery, url, secret in await session.execute(query):
        delivery.attempts += 1
        delivery.next_at = now + LEASE
        taken.append(
            Due(delivery.id, delivery.owner_id, url, secret, delivery.payload, delivery.attempts)
        )
    return taken


async def record(
    session: AsyncSession, due: Due, outcome: Outcome, now: datetime, delays: Sequence[float]
) -> None:
    """Closes the delivery, or sets the time of its next try."""
    values: dict[str, Any] = {"last_status": outcome.status, "last_error": outcome.error}
    if outcome.error is None:
        values["state"] = "delivered"
    elif due.attempts > len(delays):
        values["state"] = "failed"
    else:
        values["next_at"] = now + timedelta(seconds=delays[due.attempts - 1])
    # a sender that lost its lease reports a try that is no longer the latest
    latest = (Delivery.state == "pending") & (Delivery.attempts == due.attempts)
    await session.execute(update(Delivery).where(Delivery.id == due.id, latest).values(**values))


async def purge(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(Delivery).where(Delivery.created_at < now - KEPT))
