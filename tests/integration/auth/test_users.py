"""``ecg users`` against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from ecg.auth import passwords
from ecg.cli.users import users
from ecg.kernel.database import Database
from ecg.kernel.errors import Conflict, InputRefused, Missing, NotFound

Invoke = Callable[..., Result]


@pytest.fixture
def address(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def invoke(address: str, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setattr(passwords, "COST", 4)
    monkeypatch.setenv("ECG_DATABASE__URL", address)

    def call(*arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(users, list(arguments), input=given)

    return call


def rows(address: str, query: str) -> list[Any]:
    with psycopg.connect(address) as connection:
        return connection.execute(query).fetchall()


def test_create_makes_an_account_that_can_sign_in(invoke: Invoke, address: str) -> None:
    done = invoke("create", "Ada@Example.org", "--name", "Ada", "--json", given="correct horse\n")
    assert done.exit_code == 0, done.output
    account = json.loads(done.stdout)
    ((stored,),) = rows(address, "SELECT password_hash FROM users")
    assert asyncio.run(passwords.check_password("correct horse", stored))
    assert not asyncio.run(passwords.check_password("correct horse\n", stored))
    assert rows(address, "SELECT id, email, name, role FROM users") == [
        (account["id"], "ada@example.org", "Ada", "user")
    ]
    again = invoke("create", "ada@example.org", given="correct horse\n")
    assert isinstance(again.exception, Conflict)


def test_admin_and_back(invoke: Invoke, address: str) -> None:
    invoke("create", "ada@example.org", "--admin", given="correct horse\n")
    for arguments, role in ((["--revoke"], "user"), ([], "admin")):
        assert rows(address, "SELECT role FROM users") != [(role,)]
        assert invoke("admin", "ADA@example.org", *arguments).exit_code == 0
        assert rows(address, "SELECT role FROM users") == [(role,)]


def test_quota(invoke: Invoke, address: str) -> None:
    invoke("create", "ada@example.org", given="correct horse\n")
    query = "SELECT renders_per_day, renders_per_month, concurrent, upload_bytes FROM quotas"
    done = invoke("quota", "ada@example.org", "--renders-per-day", "5", "--upload-bytes", "0")
    assert "renders per day 5" in done.stdout
    assert rows(address, query) == [(5, None, None, 0)]
    invoke("quota", "ada@example.org", "--concurrent", "2")
    assert rows(address, query) == [(None, None, 2, None)]
    assert invoke("quota", "ada@example.org", "--concurrent", "-1").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "given", "kind"),
    [
        (["create", "nobody"], "correct horse\n", InputRefused),
        (["create", "ada@example.org"], "short\n", InputRefused),
        (["create", "ada@example.org"], "", InputRefused),
        (["admin", "eve@example.org"], "", NotFound),
        (["quota", "eve@example.org", "--concurrent", "1"], "", NotFound),
    ],
)
def test_refusals(invoke: Invoke, address: str, arguments, given, kind) -> None:
    assert isinstance(invoke(*arguments, given=given).exception, kind)
    assert rows(address, "SELECT * FROM users") == []


def test_a_database_without_tables_and_none_at_all(
    invoke: Invoke, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(address) as connection:
        connection.execute("DROP TABLE users CASCADE")
    refusal = invoke("admin", "ada@example.org").exception
    assert isinstance(refusal, Missing)
    assert "ecg migrate" in refusal.message
    monkeypatch.setenv("ECG_DATABASE__URL", "")
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "none"))
    refusal = invoke("admin", "ada@example.org").exception
    assert isinstance(refusal, Missing)
    assert "ecg services up" in refusal.message
