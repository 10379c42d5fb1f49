"""The one way to PostgreSQL when it fails."""

from __future__ import annotations

import traceback

import pytest
import structlog
from prometheus_client import REGISTRY
from sqlalchemy import text

from ecg.kernel.database import Database
from ecg.kernel.errors import Unavailable
from ecg.kernel.telemetry import Faults


async def ask(database: Database, statement: str = "SELECT 1", **values: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement), values)


async def test_what_an_error_says_of_its_statement_keeps_its_values(database: Database) -> None:
    secret = "hunter" + "2"
    for statement in ("SELECT pg_terminate_backend(pg_backend_pid()), :x", "SELECT 1 / 0, :x"):
        with pytest.raises(Exception, match=r"answer|division") as failed:
            await ask(database, statement, x=secret)
        whole = "".join(traceback.format_exception(failed.value))
        assert "SELECT" in whole
        assert secret not in whole


async def test_an_absent_database_is_told_once(database: Database) -> None:
    absent = Database("postgresql://ecg:hunter2@127.0.0.1:1/ecg", 1, Faults())
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await ask(absent)
        absent.engine = database.engine
        absent._sessions = database._sessions
        await ask(absent)
        await ask(absent)
    assert [line["event"] for line in lines] == ["fault", "fault over"]
    assert "hunter2" not in str(lines)


async def test_the_connections_in_use_are_those_of_now(database: Database) -> None:
    def in_use() -> float | None:
        return REGISTRY.get_sample_value("ecg_database_connections_in_use")

    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))
        assert in_use() == 1
    assert in_use() == 0


async def test_a_pool_that_is_used_up_is_unavailable_and_no_defect(database: Database) -> None:
    small = Database(database.url.render_as_string(hide_password=False), 1)
    small.engine.pool._timeout = 0.2
    try:
        async with small.transaction() as one, small.transaction() as two:
            for session in (one, two):
                await session.execute(text("SELECT 1"))
            with pytest.raises(Unavailable, match="in use"):
                await ask(small)
        await ask(small)
    finally:
        await small.close()
