"""Whatever dies, no job is lost, none is done twice, and clients need only ask again.

One account and its videos serve all of these tests, so each counts what it adds.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from tests.e2e.client import OVER, Client
from tests.e2e.conftest import LONG, Unbroken
from tests.e2e.service import Deployment

pytestmark = pytest.mark.timed

CAUGHT_UP = 30
"""Seconds until a job goes on after what it needs was killed or is back; the promise of the
design."""

DRAFT = {"quality": "draft"}

SETTLED = 1.0
"""Seconds after which a status shows the last that a dead worker wrote: twice the age that a
snapshot may have."""


@pytest.fixture
def client(apart: Deployment, unbroken: Unbroken) -> Iterator[Client]:
    with Client(apart.url, token=unbroken.token) as made:
        yield made


def position(job: Any) -> Any:
    return job["state"], job.get("stage"), job["progress"]


def amount(job: Any) -> float:
    if "stage" in job:
        return job["progress"]
    return job["progress"]["frame"] if job["progress"] else 0


def underway(job: Any) -> bool:
    assert job["state"] not in OVER, f"over before anything was killed: {job}"
    return amount(job) > 0 and job.get("stage") in {None, "transcribe"}


def goes_on(client: Client, path: str, since: float, changed: Callable[[Any], bool]) -> None:
    """Waits for the job's first change; within ``CAUGHT_UP`` of ``since``."""
    client.until(path, changed, CAUGHT_UP)
    took = time.monotonic() - since
    print(f"went on after {took:.1f} s")
    assert took <= CAUGHT_UP


def beyond(job: Any) -> Callable[[Any], bool]:
    """More is done than in ``job``, or all of it."""
    return lambda now: now["state"] in OVER or amount(now) > amount(job)


@pytest.fixture
def ordered(client: Client, long_silent: Path) -> tuple[str, str]:
    """A render of a new video, of which nothing is drawn yet, and its path."""
    render = client.render(client.captioned(long_silent, LONG), output=DRAFT)
    return render, f"/renders/{render}"


def check_render(apart: Deployment, client: Client, unbroken: Unbroken, render: str) -> None:
    """It succeeds as one that nothing was done to; one result, one usage entry, charged once."""
    assert client.ended(f"/renders/{render}", 60)["state"] == "succeeded"
    assert hashlib.sha256(client.download(render)).hexdigest() == unbroken.digest
    entries = "SELECT kind, state FROM usage_entries WHERE subject_id = %s"
    assert apart.ask(entries, render) == [("render", "charged")]
    assert receipts(apart, render, "succeeded") == 1


def check_analysis(apart: Deployment, client: Client, unbroken: Unbroken, video: str) -> None:
    """The same of an analysis: one of it, and the documents are those of an unbroken one."""
    assert client.ended(f"/videos/{video}/analysis", 60)["state"] == "succeeded"
    assert client.call("GET", f"/videos/{video}/transcript") == unbroken.transcript
    assert client.call("GET", f"/videos/{video}/scenario") == unbroken.scenario
    jobs = apart.ask("SELECT id, state FROM analyses WHERE video_id = %s", video)
    assert [state for _, state in jobs] == ["succeeded"]
    assert receipts(apart, jobs[0][0], "succeeded") == 1


def receipts(apart: Deployment, job: object, kind: str) -> object:
    """How many reports of this kind had an effect."""
    count = "SELECT count(*) FROM webhook_receipts WHERE id LIKE %s"
    return apart.ask(count, f"{job}-%-{kind}")[0][0]


def worker_killed(apart: Deployment, client: Client, role: str, path: str) -> None:
    """Kills the only worker while it has the job at ``path``, and starts another."""
    client.until(path, underway)
    apart.end(role, kill=True)
    killed = time.monotonic()
    time.sleep(SETTLED)
    last = position(client.call("GET", path))
    apart.start(role)
    goes_on(client, path, killed, lambda job: position(job) != last)


def test_audio_killed_in_mid_analysis(
    apart: Deployment, client: Client, unbroken: Unbroken, long_speech: Path
) -> None:
    video = client.upload(long_speech)
    path = f"/videos/{video}/analysis"
    worker_killed(apart, client, "audio", path)
    check_analysis(apart, client, unbroken, video)


def test_render_killed_in_mid_render(
    apart: Deployment, client: Client, unbroken: Unbroken, ordered: tuple[str, str]
) -> None:
    render, path = ordered
    worker_killed(apart, client, "render", path)
    check_render(apart, client, unbroken, render)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("submitted", marks=pytest.mark.full),
        "underway",
        pytest.param("ending", marks=pytest.mark.full),
    ],
)
def test_the_api_killed_while_a_render_is(
    apart: Deployment, client: Client, unbroken: Unbroken, ordered: tuple[str, str], moment: str
) -> None:
    render, path = ordered
    job = client.call("GET", path)
    if moment != "submitted":
        job = client.until(path, underway)
    apart.end("api", kill=True)
    if moment == "ending":  # the engine has ended, and its worker finds nobody to report to
        wait_for_drawn(apart, render)
        time.sleep(2)
    apart.start("api")
    goes_on(client, path, time.monotonic(), beyond(job))
    check_render(apart, client, unbroken, render)


def wait_for_drawn(apart: Deployment, render: str) -> None:
    """Until only the sending is left, or that is done too. Asks the stores themselves, as a
    status is up to half a second old, and what is written of a short stage may be missed."""
    state = "SELECT state FROM renders WHERE id = %s"
    with redis.Redis.from_url(apart.settings["ECG_REDIS__URL"]) as store:

        def drawn() -> bool:
            stage = json.loads(store.get(f"ecg:render:{render}"))["stage"]
            return stage in {"finish", "upload"} or apart.ask(state, render)[0][0] in OVER

        wait_for(drawn, 30)


def wait_for(done: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.full
def test_the_api_killed_while_a_video_is_heard(
    apart: Deployment, client: Client, unbroken: Unbroken, long_speech: Path
) -> None:
    video = client.upload(long_speech)
    path = f"/videos/{video}/analysis"
    job = client.until(path, underway)
    apart.end("api", kill=True)
    apart.start("api")
    goes_on(client, path, time.monotonic(), beyond(job))
    check_analysis(apart, client, unbroken, video)


@pytest.mark.full
def test_the_api_killed_while_an_upload_is_completed(
    apart: Deployment, client: Client, unbroken: Unbroken, long_speech: Path
) -> None:
    digest = hashlib.sha256(long_speech.read_bytes()).hexdigest()
    made = client.begin_upload(long_speech, sha256=digest)
    path = f"/uploads/{made['id']}/complete"
    ended: list[object] = []

    def complete() -> None:
        with Client(apart.url, token=unbroken.token) as other:
            try:
                ended.append(other.ask("POST", path, {}).status_code)
            except httpx.TransportError as error:
                ended.append(error)

    store = apart.store_pid("store")
    os.kill(store, signal.SIGSTOP)  # so that the kill falls between its two transactions
    asking = threading.Thread(target=complete)
    try:
        asking.start()
        time.sleep(1)
        assert ended == []
        apart.end("api", kill=True)
    finally:
        os.kill(store, signal.SIGCONT)
    asking.join()
    assert [isinstance(each, httpx.TransportError) for each in ended] == [True]
    apart.start("api")
    for _ in range(2):
        assert client.call("POST", path, {})["id"] == made["video_id"]
    check_analysis(apart, client, unbroken, made["video_id"])


@pytest.mark.parametrize(
    ("store", "moment"),
    [
        ("postgres", "underway"),
        ("valkey", "ending"),
        pytest.param("valkey", "underway", marks=pytest.mark.full),
        pytest.param("postgres", "ending", marks=pytest.mark.full),
    ],
)
def test_a_store_killed(
    apart: Deployment,
    client: Client,
    unbroken: Unbroken,
    ordered: tuple[str, str],
    store: str,
    moment: str,
) -> None:
    render, path = ordered
    job = client.until(path, underway)
    if moment == "ending":
        wait_for_drawn(apart, render)
    killed = apart.store_pid(store)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: apart.store_pid(store) not in {0, killed}, 10)
    goes_on(client, path, time.monotonic(), beyond(job))
    check_render(apart, client, unbroken, render)


@pytest.mark.full
def test_one_of_two_killed(
    apart: Deployment, client: Client, unbroken: Unbroken, long_silent: Path
) -> None:
    apart.start("api", "render")
    videos = [client.captioned(long_silent, LONG) for _ in range(3)]
    renders = [client.render(video, output=DRAFT) for video in videos]
    readers = [Reader(apart.url, unbroken.token, f"/renders/{renders[0]}/events") for _ in "ab"]
    for render in renders[:2]:  # so that both workers have one
        client.until(f"/renders/{render}", underway)
    apart.end("api", kill=True)
    apart.end("render", kill=True)
    for render in renders:
        client.ended(f"/renders/{render}", 120)
    assert client.refused == []
    assert client.breaks_in_a_row <= 1, client.broken
    for reader in readers:
        reader.join(10)
        assert reader.seen[-1][0] == "end", reader.breaks
        assert reader.seen[-1][1]["state"] == "succeeded"
        assert len(reader.breaks) <= 1
    assert any(reader.breaks for reader in readers)  # each api had one, and one api was killed
    for render in renders:
        check_render(apart, client, unbroken, render)


class Reader(threading.Thread):
    """Follows a job's events to the end; connects again where the stream breaks off."""

    def __init__(self, url: str, token: str, path: str) -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[str, Any]] = []
        self.breaks: list[str] = []
        self._at = url, token, path
        self.start()

    def run(self) -> None:
        url, token, path = self._at
        while not self.seen or self.seen[-1][0] != "end":
            try:
                with Client(url, token=token) as client:
                    self.seen.extend(client.events(path))
            except httpx.TransportError as error:
                self.breaks.append(repr(error))


@pytest.mark.full
def test_the_render_role_absent_and_back(
    apart: Deployment, client: Client, silent_video: Path
) -> None:
    video = client.captioned(silent_video, 2)
    apart.end("render")
    (api,) = apart.processes["api"]
    before = len(api.log.read_text())
    paths: list[str] = []
    while api.metric("ecg_breaker_open", peer="render") == 0:
        answer = client.ask("POST", "/renders", {"video_id": video, "output": DRAFT})
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        paths.append(f"/renders/{answer.json()['id']}")
        assert len(paths) < 12
        time.sleep(1)
    time.sleep(7)  # the breaker lets one call try each 5 s
    assert {client.call("GET", path)["state"] for path in paths} == {"pending"}
    said = [json.loads(line) for line in api.log.read_text()[before:].splitlines()]
    faults = [line for line in said if line["event"] == "fault"]
    assert [fault["what"] for fault in faults] == ["the render role"]
    apart.start("render")
    for path in paths:
        assert client.ended(path, 60)["state"] == "succeeded"
    assert api.metric("ecg_breaker_open", peer="render") == 0
