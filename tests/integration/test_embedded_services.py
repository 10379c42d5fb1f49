"""``ecg services`` as an operator uses it."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import time

import psycopg
import pytest
import redis

from ecg.kernel.embedded import (
    open_stores,
    running_detached,
    running_stores,
    start_detached,
    stop_detached,
)
from ecg.kernel.embedded.stores import owner_of
from ecg.kernel.errors import Conflict, Missing

pytestmark = pytest.mark.timed

MAIN = "import click; from ecg.cli.services import services; services()"


@pytest.fixture
def data(short_folder):
    folder = short_folder / f"detached {time.time_ns()}"
    yield folder
    if folder.exists():
        stop_detached(folder)


def command(data, *arguments):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECG_")}
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env={**kept, "ECG_DATA_DIR": str(data)}, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_up_env_down(data):
    command(data, "up")
    command(data, "up")
    printed = command(data, "env").splitlines()
    values = dict(shlex.split(line)[1].split("=", 1) for line in printed)
    assert all(line.startswith("export ECG_") for line in printed)
    assert {"ECG_SECRET_KEY", "ECG_SERVICE_KEY", "ECG_S3__BUCKET"} < set(values)
    with psycopg.connect(values["ECG_DATABASE__URL"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with redis.Redis.from_url(values["ECG_REDIS__READER_URL"]) as client:
        assert client.ping()
    pids = running_detached(data).pids
    command(data, "down")
    assert running_stores_gone(pids)
    assert "none ran" in command(data, "down")
    with pytest.raises(Missing, match="ecg services up"):
        running_detached(data)


def running_stores_gone(pids):
    for pid in pids.values():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        return False
    return True


async def test_serve_joins_the_services_and_leaves_them(data):
    made = await asyncio.to_thread(start_detached, data)
    async with open_stores(data) as joined:
        assert joined == made
        pids = joined.pids
    assert running_detached(data).pids == pids


def test_the_services_are_supervised(data):
    stores = start_detached(data)
    pid = stores.pids["store"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 3
    while stores.pids.get("store", pid) == pid:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_down_ends_what_a_killed_process_left(data):
    stores = start_detached(data)
    pids = stores.pids
    owner = owner_of(data)
    assert owner is not None
    os.kill(owner.pid, signal.SIGKILL)
    deadline = time.monotonic() + 3
    while owner_of(data) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert stores.pids == pids
    assert stop_detached(data)
    assert stores.pids == {}


def test_services_refuse_a_folder_that_serve_runs(data):
    with running_stores(data, durable=False):
        with pytest.raises(Conflict, match=f"process {os.getpid()}"):
            start_detached(data)
        with pytest.raises(Conflict, match="in use by `ecg serve`"):
            stop_detached(data)
