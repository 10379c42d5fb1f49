from __future__ import annotations

import io
from pathlib import Path

import av
import pytest

from tests.e2e.service import Client


@pytest.mark.parametrize("shape", ["one process", "three processes"])
def test_the_whole_journey(shape: str, request: pytest.FixtureRequest, long_speech: Path) -> None:
    server = request.getfixturevalue("server" if shape == "one process" else "apart")
    with Client(server.url).sign_up() as client:
        video = client.upload(long_speech)
        heard = [job["progress"] for _, job in client.events(f"/videos/{video}/analysis/events")]
        assert heard == sorted(heard)
        assert client.call("GET", f"/videos/{video}/analysis")["state"] == "succeeded"

        facts = client.call("GET", f"/videos/{video}")
        assert facts["state"] == "ready"
        assert (facts["width"], facts["height"], facts["has_audio"]) == (320, 180, True)
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
            assert (drawn.width, drawn.height) == (320, 180)
            assert float(result.duration or 0) / 1e6 == pytest.approx(facts["duration"], abs=0.1)
        assert client.call("GET", "/usage")["today"]["renders"] == 1
