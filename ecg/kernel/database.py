"""PostgreSQL by SQLAlchemy 2 on psycopg 3: one engine a process, one transaction a request."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from prometheus_client import Gauge, Histogram
from sqlalchemy import DateTime, MetaData, String, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,  # noqa: A004 - the pool's own, which is no kind of the builtin
)
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import AsyncAdaptedQueuePool

from ecg.kernel.errors import Unavailable
from ecg.kernel.telemetry import Faults

IN_USE = Gauge("ecg_database_connections_in_use", "Connections taken from the pool")
WAIT = Histogram("ecg_database_transaction_seconds", "Length of transactions")

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every feature's tables; foreign keys between features go by table name."""


class Row(DeclarativeBase):
    """Base of every table. Times are ``timestamptz``, ids UUIDv7 as text of 36."""

    metadata = METADATA
    type_annotation_map = {datetime: DateTime(timezone=True), str: String}  # noqa: RUF012 - SQLAlchemy's own form


class Database:
    """One pool of connections. ``transaction`` is the only way in. Where it does not answer,
    ``faults`` says so once."""

    def __init__(self, url: str, pool: int, faults: Faults | None = None) -> None:
        self._faults = faults
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool,
            max_overflow=pool,
            pool_timeout=5,
            pool_pre_ping=True,
            hide_parameters=True,  # in what an error says of its statement
            connect_args={"connect_timeout": 5, "application_name": "ecg"},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        queue = self.engine.pool
        if isinstance(queue, AsyncAdaptedQueuePool):
            IN_USE.set_function(queue.checkedout)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """A session whose work is committed when the block ends, rolled back when it raises.

        Raises ``Unavailable`` where PostgreSQL does not answer or went away meanwhile, and where
        no connection came free in time.
        """
        started = time.monotonic()
        try:
            async with self._sessions.begin() as session:
                yield session
            if self._faults:
                self._faults.worked("the database")
        except TimeoutError as error:
            raise Unavailable("all connections to the database are in use; try again") from error
        except DBAPIError as error:
            if not _lost(error):
                raise
            if self._faults:
                self._faults.failed("the database", error)
            raise Unavailable("the database does not answer just now; try again shortly") from error
        finally:
            WAIT.observe(time.monotonic() - started)

    async def ping(self) -> None:
        """Raises ``Unavailable`` where PostgreSQL does not answer."""
        try:
            async with self.transaction() as session:
                await session.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise Unavailable("the database does not answer") from error

    async def close(self) -> None:
        await self.engine.dispose()


def utc_now() -> datetime:
    """The present, with its zone."""
    return datetime.now(UTC)


def _lost(error: DBAPIError) -> bool:
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
