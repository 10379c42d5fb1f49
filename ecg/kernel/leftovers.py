"""What the store still holds of things that are gone.

Whoever removes a row leaves the prefixes of its objects here, in the same transaction; they are
removed from the store afterwards, however long it is away. And once more when the last URL that
was signed for them has run out, as until then a worker or a client may still write.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Text, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ecg.kernel.database import Database, Row, utc_now
from ecg.kernel.errors import EcgError, Unavailable
from ecg.kernel.storage import URL_SECONDS, Store

LAST = timedelta(seconds=2 * URL_SECONDS)
"""From the leaving to the last removal: a URL's time, and as much for what was begun in it."""

LEASE = timedelta(minutes=5)
"""How long a process has for a prefix before another takes it, and until one that could not be
removed is tried again."""

EVERY = 60.0
"""Seconds between two looks for what is due, and from the leaving to the first: whoever leaves
removes it at once, where the store answers."""

_BATCH = 20
_PREFIX = re.compile(r"[a-z]+/[^/]+/([^/]+/)*")


class Leftover(Row):
    """``until``: when it is removed for the last time."""

    __tablename__ = "leftovers"

    prefix: Mapped[str] = mapped_column(Text, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime]


async def leave(session: AsyncSession, prefixes: Sequence[str]) -> None:
    """Has everything under ``prefixes`` (``kind/id/``, with more parts or without) removed from
    the store from the caller's commit on. Raises ``ValueError`` for a wider one."""
    for prefix in prefixes:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f'"{prefix}" is no prefix of one thing\'s objects')
    now = utc_now()
    rows = [
        {"prefix": prefix, "due_at": now + timedelta(seconds=EVERY), "until": now + LAST}
        for prefix in sorted(set(prefixes))
    ]
    if rows:
        added = insert(Leftover).values(rows)
        again = {"due_at": added.excluded.due_at, "until": added.excluded.until}
        await session.execute(added.on_conflict_do_update(index_elements=["prefix"], set_=again))


async def remove_now(store: Store, prefixes: Sequence[str]) -> None:
    """Removes what was just left, where the store answers; else ``work_off`` does."""
    try:
        for prefix in prefixes:
            await store.delete_under(prefix)
    except EcgError as error:
        structlog.get_logger("ecg.leftovers").info("left for later", reason=error.message)


async def work_off(database: Database, store: Store) -> int:
    """Removes what is due, up to a batch; returns how many prefixes that were. Any number of
    processes may do so at once. Raises ``Unavailable``."""
    now = utc_now()
    async with database.transaction() as session:
        due = (
            select(Leftover.prefix)
            .where(Leftover.due_at <= now)
            .order_by(Leftover.due_at)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        claim = (
            update(Leftover)
            .where(Leftover.prefix.in_(due.scalar_subquery()))
            .values(due_at=now + LEASE)
            .returning(Leftover.prefix, Leftover.until)
        )
        claimed = (await session.execute(claim)).all()
    for prefix, until in claimed:
        await store.delete_under(prefix)
        mine = Leftover.prefix == prefix, Leftover.until == until
        async with database.transaction() as session:
            if until <= now:
                await session.execute(delete(Leftover).where(*mine))
            else:
                await session.execute(update(Leftover).where(*mine).values(due_at=until))
    return len(claimed)


async def work_off_for_ever(database: Database, store: Store) -> None:
    while True:
        try:
            while await work_off(database, store) == _BATCH:
                pass
        except Unavailable:
            pass  # the store or the database is away, which was said once; it stays due
        await asyncio.sleep(EVERY)
