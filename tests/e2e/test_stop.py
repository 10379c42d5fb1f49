from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.client import OVER, Client
from tests.e2e.conftest import LONG, Unbroken, write_video
from tests.e2e.service import Deployment, Process, environment

pytestmark = pytest.mark.timed


@pytest.mark.full
@pytest.mark.parametrize("role", ["audio", "render"])
def test_a_stop_amid_work_hands_the_job_back(
    apart: Deployment, unbroken: Unbroken, long_speech: Path, long_silent: Path, role: str
) -> None:
    with Client(apart.url, token=unbroken.token) as client:
        if role == "audio":
            video = client.upload(long_speech)
            path = f"/videos/{video}/analysis"
            client.until(path, lambda job: job["stage"] == "transcribe")
        else:
            path = f"/renders/{client.render(client.captioned(long_silent, LONG))}"
            client.until(path, lambda job: job["progress"] and job["progress"]["frame"] > 0)
        worker = apart.processes[role][0]
        children = psutil.Process(worker.pid).children(recursive=True)
        assert children, "no engine was running"
        assert apart.end(role) < 10
        assert not [child for child in children if alive(child)]
        job = client.call("GET", path)
        assert job["state"] not in OVER, "the work was done before the stop"
        apart.start(role)
        assert client.ended(path, 60)["state"] == "succeeded"
        if role == "audio":
            assert client.call("GET", f"/videos/{video}/transcript") == unbroken.transcript
            assert apart.ask("SELECT count(*) FROM analyses WHERE video_id = %s", video) == [(1,)]
        else:
            entries = "SELECT state FROM usage_entries WHERE subject_id = %s"
            assert apart.ask(entries, job["id"]) == [("charged",)]


def test_everything_stops_with_a_reader_and_an_engine_at_work(
    tmp_path: Path, data_dir: Path
) -> None:
    longer = tmp_path / "longer.mp4"  # a shorter one is done before the stop on a quiet machine
    write_video(longer, None, (1280, 720), 2 * LONG)
    settings = environment(data_dir)
    first = Process(settings, tmp_path / "log").ready()
    with Client(first.url).sign_up() as client:
        token, video = client.token, client.captioned(longer, 2 * LONG)
        path = f"/renders/{client.render(video, output={'quality': 'high'})}"
        client.until(path, lambda job: job["progress"] and job["progress"]["frame"] > 0)
        reader = threading.Thread(target=_read, args=(first.url, token, f"{path}/events"))
        reader.start()
        client.until(path, lambda job: job["progress"]["frame"] > 10)
        until(lambda: first.metric("ecg_event_readers", kind="render") == 1)
        children = psutil.Process(first.pid).children(recursive=True)
        assert first.stop() < 10
        stopped = datetime.now(UTC)
        reader.join(10)
        assert not reader.is_alive()
        assert not [child for child in children if alive(child)]

    second = Process(settings, tmp_path / "log").ready()
    try:
        with Client(second.url, token=token) as client:
            job = client.ended(path, 60)
            assert job["state"] == "succeeded"
            assert datetime.fromisoformat(job["finished_at"]) > stopped, "done before the stop"
            assert client.call("GET", f"/videos/{video}")["state"] == "ready"
            assert client.call("GET", "/usage")["today"]["renders"] == 1
    finally:
        assert second.stop() < 10


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process: psutil.Process) -> bool:
    """An orphan that has ended stays listed until init has reaped it."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _read(url: str, token: str, path: str) -> None:
    with Client(url, token=token) as client, contextlib.suppress(httpx.TransportError):
        for _ in client.events(path):  # the server goes away, which is the point
            pass
