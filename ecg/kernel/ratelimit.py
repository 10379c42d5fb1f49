"""A sliding window of hits per subject in PostgreSQL: one limit over all processes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ecg.kernel.database import Database, Row
from ecg.kernel.errors import RateLimited


class RateHits(Row):
    """``hits``: when the accepted ones were, oldest first."""

    __tablename__ = "rate_hits"

    subject: Mapped[str] = mapped_column(primary_key=True)
    hits: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))


_KEPT = """ARRAY(SELECT at FROM unnest(known.hits) AS at
    WHERE at > clock_timestamp() - make_interval(secs => :seconds) ORDER BY at)"""
_RESET = """greatest(1, ceil(extract(epoch FROM
    hits[1] - clock_timestamp() + make_interval(secs => :seconds))))::int"""

# the row is locked before its conditions are read, so hits at once are counted one by one;
# the clock is read then too, not when the transaction began
_HIT = text(
    f"""INSERT INTO rate_hits AS known (subject, hits)
    VALUES (:subject, ARRAY[clock_timestamp()])
    ON CONFLICT (subject) DO UPDATE SET hits = {_KEPT} || clock_timestamp()
    WHERE cardinality({_KEPT}) < :limit
    RETURNING cardinality(hits), {_RESET}"""  # noqa: S608 - parts of ours
)
_WAIT = text(
    f"""SELECT {_RESET} FROM (SELECT {_KEPT} AS hits FROM rate_hits AS known
    WHERE subject = :subject) AS row"""  # noqa: S608
)
_SWEEP = text(
    "DELETE FROM rate_hits WHERE hits[cardinality(hits)] < clock_timestamp() - interval '1 day'"
)


async def hit(database: Database, subject: str, limit: int, seconds: int = 60) -> tuple[int, int]:
    """Counts a hit of ``subject`` by the database's clock, in a transaction of its own.

    Returns (hits left, seconds until the oldest leaves the window). Raises ``RateLimited``
    where ``limit`` (1 or more) were accepted within ``seconds``; what is refused does not count.
    """
    values = {"subject": subject, "seconds": seconds}
    async with database.transaction() as session:
        row = (await session.execute(_HIT, values | {"limit": limit})).one_or_none()
        if row:
            return limit - row[0], row[1]
        reset = await session.scalar(_WAIT, values) or 1
    raise RateLimited(f"more than {limit} requests in {seconds} s; come back in {reset} s", reset)


async def sweep(database: Database) -> None:
    """Forgets subjects that were not seen for a day, which no window reaches."""
    async with database.transaction() as session:
        await session.execute(_SWEEP)
