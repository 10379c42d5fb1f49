from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from redis.exceptions import RedisError

from ecg.kernel.embedded import open_stores, postgres, running_stores, stored_keys
from ecg.kernel.embedded.supervisor import running_pids
from ecg.kernel.errors import Conflict

pytestmark = pytest.mark.timed

BACK_SECONDS = 3

PARENT = """
import sys, time
from pathlib import Path
from ecg.kernel.embedded import running_stores

with running_stores(Path(sys.argv[1]), durable=False):
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def data(short_folder, request):
    return short_folder / f"{request.node.name[:20]}-{time.time_ns()}"


def write(stores):
    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    with redis.Redis.from_url(stores.redis_url) as client:
        client.set("ecg:render:kept", "42")


def kept(stores):
    with psycopg.connect(stores.database_url) as connection:
        row = connection.execute("SELECT n FROM kept").fetchone()
    with redis.Redis.from_url(stores.reader_url) as client:
        return row, client.get("ecg:render:kept")


def answers(stores):
    try:
        return kept(stores) == ((42,), b"42")
    except (psycopg.Error, RedisError):
        return False


def back(stores, name, before):
    """Whether the child ``name`` runs as another process within the promised time."""
    deadline = time.monotonic() + BACK_SECONDS
    while time.monotonic() < deadline:
        if stores.pids.get(name, before) != before and answers(stores):
            return True
        time.sleep(0.02)
    return False


async def test_everything_is_there_after_a_second_start(data):
    async with open_stores(data) as first:
        write(first)
        pids = first.pids
        assert sorted(pids) == ["postgres", "store", "valkey"]
    for pid in pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    began = time.monotonic()
    async with open_stores(data) as second:
        assert time.monotonic() - began < 10
        assert kept(second) == ((42,), b"42")
        assert second == first


def test_a_kept_secret_is_readable_by_its_owner_only(services):
    folder = services.data_dir
    secret = [folder / "credentials.json", folder / "lock", *folder.glob("*.log*")]
    secret += [folder / "valkey" / "users.acl", folder / "postgres", folder / "valkey"]
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in secret)
    assert stored_keys(folder) == stored_keys(folder)
    assert not (folder / "postgres" / "password").exists()
    clear = (folder / "valkey" / "users.acl").read_text()
    assert services.redis_url.split(":")[2].split("@")[0] not in clear


def test_a_killed_child_is_back_on_the_same_address(data):
    with running_stores(data, durable=False) as stores:
        write(stores)
        time.sleep(1.1)  # what Valkey has not yet written through is not promised
        for name in ("postgres", "valkey", "store"):
            pid = stores.pids[name]
            os.kill(pid, signal.SIGKILL)
            assert back(stores, name, pid), f"{name} is not back within {BACK_SECONDS} s"


def test_a_killed_postgres_with_work_in_hand_is_back(data):
    with running_stores(data, durable=False) as stores:
        write(stores)
        with contextlib.closing(psycopg.connect(stores.database_url)) as busy:
            busy.execute("INSERT INTO kept VALUES (1)")
            pid = stores.pids["postgres"]
            os.kill(pid, signal.SIGKILL)
            assert back(stores, "postgres", pid)


def test_children_of_a_killed_parent_are_adopted(data):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(data)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    with pytest.raises(Conflict, match=f"process {parent.pid}"), running_stores(data):
        pass
    parent.kill()
    parent.wait()
    parent.stdout.close()
    with running_stores(data, durable=False) as stores:
        write(stores)
        adopted = stores.pids
        assert sorted(adopted) == ["postgres", "store", "valkey"]
        os.kill(adopted["valkey"], signal.SIGKILL)
        time.sleep(0.1)
        deadline = time.monotonic() + BACK_SECONDS
        while stores.pids.get("valkey", adopted["valkey"]) == adopted["valkey"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert stores.pids["postgres"] == adopted["postgres"]
    for pid in adopted.values():
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


def test_a_stale_pid_of_another_program_is_left_alone(data):
    with running_stores(data, durable=False):
        pass
    other = subprocess.Popen(["sleep", "60"])
    record = f'{{"pid": {other.pid}, "born": "another time", "command": ["postgres"]}}'
    (data / "run" / "postgres.json").write_text(record)
    (data / "postgres" / "data" / "postmaster.pid").write_text(f"{other.pid}\n{data}\n")
    try:
        with running_stores(data, durable=False) as stores:
            assert stores.pids["postgres"] != other.pid
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("name", ["with blanks, commas, дані-資料-⚡", "l" * 120])
def test_any_name_of_a_data_folder_will_do(data, name):
    with running_stores(data / name, durable=False) as stores:
        write(stores)
        assert answers(stores)
    with running_stores(data / name, durable=False) as again:
        assert again == stores
        assert answers(again)
    assert not postgres.socket_dir(data / name).exists()


def test_root_may_keep_its_data_where_only_root_can_pass(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = {path: path.stat().st_mode for path in (closed, *closed.parents)}
    with running_stores(closed / "data", durable=False) as stores:
        write(stores)
        assert answers(stores)
        assert {path: path.stat().st_mode for path in before} == before
        owner = Path(f"/proc/{stores.pids['postgres']}").stat().st_uid
        assert owner != 0
    link = closed / "data" / "postgres"
    if link.is_symlink():
        subprocess.run(["rm", "-r", str(link.resolve())], check=True)


def test_two_folders_do_not_meet(data):
    with (
        running_stores(data / "a", durable=False) as one,
        running_stores(data / "b", durable=False) as other,
    ):
        write(one)
        assert one.s3.endpoint != other.s3.endpoint
        with pytest.raises(psycopg.errors.UndefinedTable):
            kept(other)


def test_a_port_taken_meanwhile_is_given_up(data):
    with running_stores(data, durable=False) as stores:
        write(stores)
    port = int(stores.redis_url.rsplit(":", 1)[1].split("/")[0])
    with socket.create_server(("127.0.0.1", port)), running_stores(data, durable=False) as moved:
        assert moved.redis_url != stores.redis_url
        assert moved.s3 == stores.s3
        assert answers(moved)


def test_postgres_refuses_a_wrong_password(services):
    wrong = services.database_url.split(":")
    wrong[2] = "wrong@" + wrong[2].split("@")[1]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(":".join(wrong))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")
def test_programs_that_the_account_cannot_reach_are_copied(data, monkeypatch):
    data.mkdir(mode=0o711)
    data.chmod(0o711)
    monkeypatch.setattr(postgres, "_SYSTEM", data / "system")
    monkeypatch.setattr(postgres, "_reachable", lambda path: "pginstall" not in path.parts)
    with running_stores(data / "stores", durable=False) as stores:
        write(stores)
        program = Path(f"/proc/{stores.pids['postgres']}/exe").readlink()
        assert program.is_relative_to(data / "system")
        assert answers(stores)


async def test_a_start_that_is_cancelled_leaves_nothing_running(data):
    async def start():
        async with open_stores(data, durable=False):
            pytest.fail("it was cancelled before")

    starting = asyncio.create_task(start())
    await asyncio.sleep(0.05)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert running_pids(data, ("postgres", "valkey", "store")) == {}
