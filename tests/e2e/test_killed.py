"""Whatever dies, no job is lost, none is done twice, and clients need only ask again."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from ecg.kernel.embedded.supervisor import running_pids
from tests.e2e.service import Client, Deployment, services

CAUGHT_UP = 30
"""Seconds until a job goes on after what it needs was killed; the promise of the design."""


def words(client: Client, video: str) -> list[tuple[str, float, float]]:
    transcript = client.call("GET", f"/videos/{video}/transcript")
    return [
        (word["text"], word["start"], word["end"])
        for part in transcript["segments"]
        for word in part["words"]
    ]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def underway(job: Any) -> bool:
    assert job["state"] not in {"succeeded", "failed"}, f"over before anything was killed: {job}"
    if "stage" in job:
        return job["stage"] == "transcribe" and job["progress"] > 0
    return bool(job["progress"] and job["progress"]["frame"] > 0)


def position(job: Any) -> Any:
    return (job["stage"], job["progress"]) if "stage" in job else job["progress"]


def test_audio_killed_in_mid_analysis(apart: Deployment, long_speech: Path) -> None:
    with Client(apart.url).sign_up() as client:
        whole = words(client, client.analysed(long_speech))
        video = client.upload(long_speech)
        path = f"/videos/{video}/analysis"
        client.until(path, underway)
        apart.processes[1].kill()
        killed = time.monotonic()
        at = position(client.call("GET", path))
        apart.start("audio")
        client.until(path, lambda job: position(job) != at, CAUGHT_UP)
        assert time.monotonic() - killed < CAUGHT_UP
        assert client.ended(path)["state"] == "succeeded"
        assert words(client, video) == whole


def test_render_killed_in_mid_render(apart: Deployment, large_speech: Path) -> None:
    with Client(apart.url).sign_up() as client:
        video = client.analysed(large_speech)
        first = client.render(video)
        assert client.ended(f"/renders/{first}")["state"] == "succeeded"
        whole = digest(client.download(first))

        second = client.render(video)
        path = f"/renders/{second}"
        client.until(path, underway)
        apart.processes[2].kill()
        killed = time.monotonic()
        at = position(client.call("GET", path))
        apart.start("render")
        client.until(path, lambda job: position(job) != at, CAUGHT_UP)
        assert time.monotonic() - killed < CAUGHT_UP
        assert client.ended(path)["state"] == "succeeded"
        assert digest(client.download(second)) == whole
        assert client.call("GET", "/usage")["today"]["renders"] == 2
        assert len(client.call("GET", "/renders")["items"]) == 2


@pytest.mark.parametrize("moment", ["submitted", "underway", "ending"])
def test_the_api_killed(apart: Deployment, large_speech: Path, moment: str) -> None:
    with Client(apart.url).sign_up() as client:
        video = client.analysed(large_speech)
        render = client.render(video)
        path = f"/renders/{render}"
        if moment != "submitted":
            client.until(path, underway)
        if moment == "ending":
            client.until(
                path, lambda job: job["progress"]["frame"] >= 0.8 * job["progress"]["total"]
            )
        apart.processes[0].kill()
        if moment == "ending":
            time.sleep(3)
        apart.start("api")
        assert client.ended(path, 60)["state"] == "succeeded"
        assert client.download(render)
        assert client.call("GET", "/usage")["today"]["renders"] == 1


@pytest.mark.parametrize("store", ["postgres", "valkey"])
@pytest.mark.parametrize("moment", ["underway", "ending"])
def test_a_store_killed(
    apart: Deployment, large_speech: Path, data_dir: Path, store: str, moment: str
) -> None:
    with Client(apart.url).sign_up() as client:
        video = client.analysed(large_speech)
        render = client.render(video)
        path = f"/renders/{render}"
        client.until(path, underway)
        if moment == "ending":
            client.until(
                path, lambda job: job["progress"]["frame"] >= 0.9 * job["progress"]["total"]
            )
        pid = running_pids(data_dir, [store])[store]
        os.kill(pid, signal.SIGKILL)
        assert client.ended(path, CAUGHT_UP + 30)["state"] == "succeeded"
        assert client.download(render)
        assert client.call("GET", "/usage")["today"]["renders"] == 1
        assert len(client.call("GET", "/renders")["items"]) == 1


def test_one_of_two_killed(apart: Deployment, speech: Path) -> None:
    apart.start("api")
    apart.start("render")
    with Client(apart.url).sign_up() as client:
        video = client.analysed(speech)
        renders = [client.render(video) for _ in range(3)]
        client.until(f"/renders/{renders[0]}", underway)
        apart.processes[0].kill()
        apart.processes[2].kill()
        for render in renders:
            assert client.ended(f"/renders/{render}", 120)["state"] == "succeeded"
        assert len({digest(client.download(render)) for render in renders}) == 1
        assert client.call("GET", "/usage")["today"]["renders"] == 3


def test_the_render_role_absent_and_back(tmp_path: Path, data_dir: Path, speech: Path) -> None:
    with services(data_dir) as settings:
        deployment = Deployment(settings, tmp_path)
        try:
            assert absent_and_back(deployment, speech) == "succeeded"
        finally:
            deployment.stop()


def absent_and_back(deployment: Deployment, speech: Path) -> str:
    api = deployment.start("api")
    deployment.start("audio")
    with Client(deployment.url).sign_up() as client:
        video = client.analysed(speech)
        answer = client.ask("POST", "/renders", {"video_id": video})
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        path = f"/renders/{answer.json()['id']}"
        client.until(path, lambda _: breaker(api.url) == 1, 60)
        time.sleep(10)
        assert client.call("GET", path)["state"] == "pending"
        faults = [line for line in api.log.read_text().splitlines() if '"event": "fault"' in line]
        assert len(faults) == 1, faults
        deployment.start("render")
        state = client.ended(path, 60)["state"]
        assert breaker(api.url) == 0
        return state


def breaker(url: str) -> float:
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    found = [line for line in lines if line.startswith('ecg_breaker_open{peer="render"}')]
    return float(found[0].rsplit(" ", 1)[1])
