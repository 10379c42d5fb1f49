from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import httpx
import psutil

from tests.e2e.service import Client, Deployment, Process, environment


def test_a_stop_amid_work_hands_the_job_back(apart: Deployment, long_speech: Path) -> None:
    with Client(apart.url).sign_up() as client:
        video = client.analysed(long_speech)
        render = client.render(video)
        path = f"/renders/{render}"
        client.until(path, lambda job: job["progress"] and job["progress"]["frame"] > 0)
        worker = apart.processes[2]
        children = psutil.Process(worker.pid).children(recursive=True)
        assert children, "no engine was running"
        assert worker.stop() < 10
        assert not [child for child in children if alive(child)]
        apart.start("render")
        assert client.ended(path, 60)["state"] == "succeeded"
        assert client.call("GET", "/usage")["today"]["renders"] == 1


def test_everything_stops_with_a_reader_and_an_engine_at_work(
    tmp_path: Path, data_dir: Path, long_speech: Path
) -> None:
    settings = environment(data_dir)
    first = Process(settings, tmp_path / "log")
    with Client(first.url).sign_up() as client:
        token, video = client.token, client.analysed(long_speech)
        render = client.render(video)
        path = f"/renders/{render}"
        client.until(path, lambda job: job["progress"] and job["progress"]["frame"] > 0)
        reader = threading.Thread(target=_read, args=(client, f"{path}/events"))
        reader.start()
        children = psutil.Process(first.pid).children(recursive=True)
        assert first.stop() < 10
        reader.join(10)
        assert not reader.is_alive()
        assert not [child for child in children if alive(child)]

    second = Process(settings, tmp_path / "log")
    try:
        with Client(second.url) as client:
            client.token = token
            assert client.ended(path, 60)["state"] == "succeeded"
            assert client.call("GET", f"/videos/{video}")["state"] == "ready"
    finally:
        assert second.stop() < 10


def alive(process: psutil.Process) -> bool:
    """An orphan that has ended stays listed until init has reaped it."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _read(client: Client, path: str) -> None:
    with contextlib.suppress(httpx.TransportError):  # the server goes away, which is the point
        for _ in client.events(path):
            pass
