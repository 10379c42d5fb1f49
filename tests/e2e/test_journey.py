from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import av
import pytest

from tests.e2e.client import Client
from tests.e2e.conftest import LONG
from tests.e2e.service import HEAVY, Deployment, Process

pytestmark = pytest.mark.timed


# in one process the studio takes the same way
@pytest.mark.parametrize(
    "shape", [pytest.param("one process", marks=pytest.mark.full), "three processes"]
)
def test_the_whole_journey(shape: str, request: pytest.FixtureRequest, large_speech: Path) -> None:
    server = request.getfixturevalue("server" if shape == "one process" else "apart")
    with Client(server.url).sign_up() as client:
        video = client.upload(large_speech)
        heard = [job["progress"] for _, job in client.events(f"/videos/{video}/analysis/events")]
        assert heard == sorted(heard)
        assert len(set(heard)) >= 3, heard
        assert client.call("GET", f"/videos/{video}/analysis")["state"] == "succeeded"

        facts = client.call("GET", f"/videos/{video}")
        assert facts["state"] == "ready"
        assert (facts["width"], facts["height"], facts["has_audio"]) == (1280, 720, True)
        assert client.http.get(facts["poster_url"]).content[:2] == b"\xff\xd8"

        transcript = client.call("GET", f"/videos/{video}/transcript")
        words = [word["text"] for part in transcript["segments"] for word in part["words"]]
        assert len(words) > 20
        contour = client.ask("GET", f"/videos/{video}/contour").content
        assert len(contour) == 16 + 4 * round(transcript["duration"] * 100)

        edited = edit(client, f"/videos/{video}/scenario")
        render = client.render(video)
        seen = [job for _, job in client.events(f"/renders/{render}/events")]
        steps = [job["progress"] for job in seen if job["progress"]]
        assert len({step["frame"] for step in steps}) >= 3, seen
        assert seen[-1]["state"] == "succeeded", seen[-1]
        assert steps[-1]["frame"] == steps[-1]["total"]
        assert client.call("GET", f"/videos/{video}/scenario") == edited

        with av.open(io.BytesIO(client.download(render))) as result:
            drawn = result.streams.video[0]
            assert (drawn.width, drawn.height) == (1280, 720)
            assert float(result.duration or 0) / 1e6 == pytest.approx(facts["duration"], abs=0.1)
        assert client.call("GET", "/usage")["today"]["renders"] == 1
        if shape == "three processes":
            check_processes(server, client, render)


def edit(client: Client, path: str) -> dict[str, Any]:
    """Changes a word of the scenario; returns the document, as it is read again."""
    got = client.ask("GET", path)
    scenario = got.json()
    scenario["cues"][0]["words"][0]["text"] = "Hello"
    answer = client.ask("PUT", path, scenario, **{"If-Match": got.headers["etag"]})
    assert answer.status_code == 200, answer.text
    again = client.ask("GET", path)
    assert again.json() == scenario
    assert again.headers["etag"] == answer.headers["etag"] != got.headers["etag"]
    late = client.ask("PUT", path, scenario, **{"If-Match": got.headers["etag"]})
    assert late.status_code == 412
    return scenario


def check_processes(apart: Deployment, client: Client, render: str) -> None:
    """What each role has loaded and counted after a journey."""
    (api,), (audio,), (drawing,) = apart.processes.values()
    assert not api.maps(*HEAVY)
    hits = api.metric("ecg_presign_cache_hits_total")
    client.download(render)
    assert api.metric("ecg_presign_cache_hits_total") == hits + 1
    assert api.metric("ecg_presign_cache_misses_total") >= 3
    for kind in ("analysis", "render"):
        assert api.metric("ecg_progress_reads_total", kind=kind, outcome="hit") >= 3
    route = {"method": "POST", "route": "/api/v1/renders", "status": "202"}
    assert api.metric("ecg_request_seconds_count", **route) >= 1
    assert api.metric("ecg_analysis_outcomes_total", outcome="succeeded") >= 1
    assert api.metric("ecg_render_outcomes_total", outcome="succeeded") >= 1
    assert api.metric("ecg_render_speed_count") >= 1
    for worker, kind in ((audio, "analysis"), (drawing, "render")):
        assert worker.metric("ecg_attempts_total", kind=kind, outcome="done") >= 1
        assert worker.metric("ecg_attempt_seconds_count", kind=kind, outcome="done") >= 1
        for direction in ("download", "upload"):
            moved = worker.metric("ecg_store_transfer_bytes_total", direction=direction)
            assert moved > 1000
        assert worker.metric("ecg_peer_call_seconds_count", peer="api", outcome="200") >= 1


def test_one_id_follows_a_render_through_the_roles(apart: Deployment, silent_video: Path) -> None:
    with Client(apart.url).sign_up() as client:
        user, video = client.call("GET", "/auth/me")["id"], client.captioned(silent_video, 2)
        answer = client.ask("POST", "/renders", {"video_id": video})
        one, job = answer.headers["x-request-id"], answer.json()["id"]
        assert client.ended(f"/renders/{job}")["state"] == "succeeded"
    log = apart.processes["render"][0].log.read_text()
    of_job = [line for line in map(json.loads, log.splitlines()) if line.get("job_id") == job]
    assert of_job
    assert {(line["request_id"], line["user_id"]) for line in of_job} == {(one, user)}


def test_what_cannot_be_read_is_refused_with_its_reason(
    server: Process, speech: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(speech.read_bytes()[:3000])
    with Client(server.url).sign_up() as client:
        video = client.upload(broken)
        facts = client.until(f"/videos/{video}", lambda it: it["state"] != "checking")
        assert facts["state"] == "refused"
        assert facts["refusal"]["code"] == "media_refused"
        assert "/" not in facts["refusal"]["detail"].replace("://", "")
        assert facts["analysis"]["state"] == "failed"
        assert client.ask("GET", f"/videos/{video}/source").status_code == 409


def test_a_video_without_sound_can_still_be_captioned(server: Process, silent_video: Path) -> None:
    with Client(server.url).sign_up() as client:
        video = client.captioned(silent_video, 2)
        job = client.call("GET", f"/videos/{video}/analysis")
        assert job["state"] == "failed"
        assert "no sound track" in job["error"]["detail"]
        facts = client.call("GET", f"/videos/{video}")
        assert (facts["state"], facts["has_audio"]) == ("ready", False)
        assert client.ended(f"/renders/{client.render(video)}")["state"] == "succeeded"


def test_a_cancel_frees_the_role_and_the_quota(server: Process, long_silent: Path) -> None:
    with Client(server.url).sign_up() as client:
        video = client.captioned(long_silent, LONG)
        before = client.call("GET", "/usage")["left"]["renders_per_day"]
        render = client.render(video)
        client.until(f"/renders/{render}", lambda job: job["progress"] and job["progress"]["frame"])
        assert client.call("DELETE", f"/renders/{render}")["state"] == "cancelled"
        assert client.call("GET", f"/renders/{render}")["state"] == "cancelled"
        assert client.call("GET", "/usage")["left"]["renders_per_day"] == before
        started = time.monotonic()
        again = client.render(video, output={"quality": "draft"})
        client.until(f"/renders/{again}", lambda job: job["state"] == "running", 10)
        assert time.monotonic() - started < 5
        client.call("DELETE", f"/renders/{again}")
