from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Column, DateTime, LargeBinary, String, create_engine
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import make_url

import ecg.service.process  # noqa: F401 - every table there is
from ecg.cli.migrate import migrate
from ecg.kernel import migrations
from ecg.kernel.database import METADATA
from ecg.kernel.embedded import Stores
from ecg.kernel.errors import InputRefused, Unavailable
from tests.e2e.service import environment

FIRST = "0001"


@pytest.fixture
def url(services: Stores, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of this test's own."""
    name = f"migrations_{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(services.database_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            made = make_url(services.database_url).set(database=name)
            yield made.render_as_string(hide_password=False)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def tables(url: str) -> set[str]:
    listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(listed)} - {"alembic_version"}


def add_user(url: str, name: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO users (id, email, name, role, created_at) "
            "VALUES (%s, %s, %s, 'user', now())",
            (name, f"{name}@example.com", name),
        )


def test_the_steps_lead_to_the_very_tables_of_the_models(url: str) -> None:
    assert migrations.differences(url), "an empty database differs from the models"
    migrations.up(url)
    assert migrations.differences(url) == []


def test_every_step_can_be_taken_back_and_again_with_data_in_place(url: str) -> None:
    assert migrations.status(url).at is None
    newest = migrations.up(url)
    assert newest.ready
    whole = tables(url)
    assert {"users", "videos", "analyses", "renders", "usage_entries", "webhooks"} <= whole
    fill(url)
    full = counted(url)
    assert full == dict.fromkeys(whole, 2)
    while migrations.status(url).at is not None:
        before = migrations.status(url).at
        assert migrations.down(url).at != before
        assert counted(url).items() <= full.items(), "a step took rows of tables that it left"
    assert tables(url) == set()
    assert migrations.down(url).at is None
    assert migrations.up(url) == newest
    assert tables(url) == whole
    fill(url)
    assert counted(url) == full


def fill(url: str) -> None:
    """Puts two rows into every table, whatever its columns are."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        for table in METADATA.sorted_tables:
            for number in range(2):
                row = {column.name: value_of(column, number) for column in table.columns}
                connection.execute(table.insert().values(row))
    engine.dispose()


def value_of(column: Column[Any], number: int) -> object:
    """One that fits the column; what refers to another table refers to its row ``number``."""
    kind = column.type
    if isinstance(kind, ARRAY):
        return []
    if isinstance(kind, JSONB):
        return {"number": number}
    if isinstance(kind, LargeBinary):
        return b"{}"
    if isinstance(kind, DateTime):
        return datetime(2026, 1, 1, tzinfo=UTC)
    if isinstance(kind, String):
        return f"row{number}"[: kind.length]
    assert kind.python_type in {int, float}, f"no value is known for {column}"
    return number


def counted(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
            ).fetchone()[0]
            for name in tables(url)
        }


def test_going_up_again_keeps_what_is_there(url: str) -> None:
    migrations.up(url)
    add_user(url, "kept")
    migrations.up(url)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT email FROM users").fetchall() == [("kept@example.com",)]


def test_two_at_once_wait_for_each_other(url: str) -> None:
    outcomes: list[object] = []
    gate = threading.Barrier(3)

    def one() -> None:
        gate.wait()
        try:
            outcomes.append(migrations.up(url).ready)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
            outcomes.append(error)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True, True, True]


def test_a_step_that_fails_leaves_nothing(url: str) -> None:
    with psycopg.connect(url) as connection:  # the last table but one to be made is in the way
        connection.execute("CREATE TABLE usage_entries (id int)")
    with pytest.raises(Exception, match="usage_entries"):
        migrations.up(url)
    assert tables(url) == {"usage_entries"}
    assert migrations.status(url).at is None


def test_the_version_before_works_on_a_newer_schema_and_leaves_it_alone(url: str) -> None:
    migrations.up(url)
    add_user(url, "kept")
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert not migrations.status(url).known
    assert migrations.status(url).ready
    assert migrations.up(url).at == "9999"
    with pytest.raises(InputRefused, match="9999"):
        migrations.down(url)
    assert "users" in tables(url)


def test_an_absent_database_is_told_in_one_line() -> None:
    with pytest.raises(Unavailable) as told:
        migrations.up("postgresql://nobody:secret-word@127.0.0.1:1/ecg")
    assert "\n" not in told.value.message
    assert "secret-word" not in told.value.message


def test_the_command_does_the_same(url: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ecg", "migrate", *arguments],
            env=environment(tmp_path, ECG_DATABASE__URL=url),
            capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    assert set(migrate.commands) == {"up", "down", "status"}
    assert run("status").returncode == 1
    assert run().returncode == 0
    assert run("status").returncode == 0
    refused = run("down")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    before = migrations.status(url)
    assert run("down", "--yes").returncode == 0
    after = migrations.status(url)
    assert (before.at, after.newest) == (before.newest, before.newest)
    assert after.at != before.at
