from __future__ import annotations

import io
import json
import time
from pathlib import Path

import av
import pytest

from tests.e2e.service import Client, Deployment, Process


@pytest.mark.parametrize("shape", ["one process", "three processes"])
def test_the_whole_journey(shape: str, request: pytest.FixtureRequest, large_speech: Path) -> None:
    server = request.getfixturevalue("server" if shape == "one process" else "apart")
    with Client(server.url).sign_up() as client:
        video = client.upload(large_speech)
        heard = [job["progress"] for _, job in client.events(f"/videos/{video}/analysis/events")]
        assert heard == sorted(heard)
        assert client.call("GET", f"/videos/{video}/analysis")["state"] == "succeeded"

        facts = client.call("GET", f"/videos/{video}")
        assert facts["state"] == "ready"
        assert (facts["width"], facts["height"], facts["has_audio"]) == (1280, 720, True)
        assert client.http.get(facts["poster_url"]).content[:2] == b"\xff\xd8"

        transcript = client.call("GET", f"/videos/{video}/transcript")
        words = [word["text"] for part in transcript["segments"] for word in part["words"]]
        assert len(words) > 40

        got = client.ask("GET", f"/videos/{video}/scenario")
        scenario = got.json()
        scenario["cues"][0]["words"][0]["text"] = "Hello"
        answer = client.ask(
            "PUT", f"/videos/{video}/scenario", scenario, **{"If-Match": got.headers["etag"]}
        )
        assert answer.status_code == 200, answer.text

        render = client.render(video, output={"quality": "draft"})
        seen = [job for _, job in client.events(f"/renders/{render}/events")]
        frames = {job["progress"]["frame"] for job in seen if job["progress"]}
        assert len(frames) >= 3, seen
        assert seen[-1]["state"] == "succeeded", seen[-1]
        assert seen[-1]["progress"]["frame"] == seen[-1]["progress"]["total"]

        with av.open(io.BytesIO(client.download(render))) as result:
            drawn = result.streams.video[0]
            assert (drawn.width, drawn.height) == (1280, 720)
            assert float(result.duration or 0) / 1e6 == pytest.approx(facts["duration"], abs=0.1)
        assert client.call("GET", "/usage")["today"]["renders"] == 1


def test_one_id_follows_a_render_through_the_roles(apart: Deployment, speech: Path) -> None:
    with Client(apart.url).sign_up() as client:
        video = client.analysed(speech)
        answer = client.ask("POST", "/renders", {"video_id": video})
        assert client.ended(f"/renders/{answer.json()['id']}")["state"] == "succeeded"
    one = answer.headers["x-request-id"]
    drawn = [json.loads(line) for line in apart.processes[2].log.read_text().splitlines()]
    of_job = [line for line in drawn if line.get("job_id") == answer.json()["id"]]
    assert of_job
    assert {line["request_id"] for line in of_job} == {one}


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
        video = client.upload(silent_video)
        job = client.ended(f"/videos/{video}/analysis")
        assert job["state"] == "failed"
        facts = client.call("GET", f"/videos/{video}")
        assert (facts["state"], facts["has_audio"]) == ("ready", False)
        word = {"text": "Hello", "start": 0.2, "end": 1.0, "loudness": None, "pitch": None}
        scenario = {
            "version": 1, "style": {"name": "intention"}, "speakers": {},
            "cues": [{"id": "c1", "kind": "speech", "start": 0.2, "end": 1.5, "speaker": None,
                      "region": None, "words": [word]}],
        }  # fmt: skip
        client.call("PUT", f"/videos/{video}/scenario", scenario)
        assert client.ended(f"/renders/{client.render(video)}")["state"] == "succeeded"


def test_a_cancel_frees_the_role_and_the_quota(server: Process, large_speech: Path) -> None:
    with Client(server.url).sign_up() as client:
        video = client.analysed(large_speech)
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
