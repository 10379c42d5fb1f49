"""A client of the service that speaks plain HTTP, as one of its users."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx

OVER = {"succeeded", "failed", "cancelled"}


class Client:
    """One account. ``call`` and what stands on it raise on an answer that is not 2xx.

    ``refused`` and ``broken``: the answers that were not 2xx and the connections that broke
    while something was waited for; ``breaks_in_a_row``: the most of both one after the other.
    """

    def __init__(self, url: str, name: str = "ada", token: str = "") -> None:
        self.http = httpx.Client(base_url=url, timeout=30)
        self.name = name
        self.token = token
        self.refresh_token = self.email = ""
        self.password = f"correct horse {time.time_ns()}"
        self.refused: list[str] = []
        self.broken: list[str] = []
        self.breaks_in_a_row = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The answer, whatever it is."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        return self.http.request(method, f"/api/v1{path}", content=content, headers=headers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.ask(method, path, body, **headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sign_up(self) -> Self:
        self.email = f"{self.name}-{time.time_ns()}@example.org"
        whole = {"email": self.email, "password": self.password}
        answer = self.call("POST", "/auth/signup", whole)
        self.token, self.refresh_token = answer["access_token"], answer["refresh_token"]
        return self

    def make_key(self) -> str:
        """An API key, which outlives an access token."""
        wanted = {"name": "test", "scopes": ["read", "write"]}
        return self.call("POST", "/auth/keys", wanted)["key"]

    def begin_upload(self, path: Path, **more: Any) -> Any:
        """Brings a file straight to the store; returns the upload, which is not completed, and
        under ``done`` what to complete it with."""
        data = path.read_bytes()
        made = self.call(
            "POST", "/uploads",
            {"filename": path.name, "size": len(data), "content_type": "video/mp4", **more},
        )  # fmt: skip
        at, size, made["done"] = 0, made["part_size"] or len(data), []
        for part in made["parts"]:
            piece = data[at : at + size]
            at += len(piece)
            answer = httpx.put(part["url"], content=piece, headers=part["headers"], timeout=60)
            assert answer.is_success, answer.text
            made["done"].append({"number": part["number"], "etag": answer.headers["etag"]})
        return made

    def upload(self, path: Path, **options: Any) -> str:
        """Uploads a file; returns the video's id."""
        made = self.begin_upload(path)
        body = {"parts": made["done"], **options}
        return self.call("POST", f"/uploads/{made['id']}/complete", body)["id"]

    def until(self, path: str, done: Callable[[Any], bool], seconds: float = 90) -> Any:
        """Polls ``path`` until ``done``; a server that is away meanwhile is asked again."""
        deadline = time.monotonic() + seconds
        last: Any = None
        in_a_row = 0
        while time.monotonic() < deadline:
            try:
                answer = self.ask("GET", path)
            except httpx.TransportError as error:
                last = repr(error)
                self.broken.append(last)
            else:
                last = answer.json() if answer.is_success else answer.text
                if answer.is_success and done(last):
                    return last
                if not answer.is_success:
                    self.refused.append(last)
            in_a_row = 0 if isinstance(last, dict) else in_a_row + 1
            self.breaks_in_a_row = max(self.breaks_in_a_row, in_a_row)
            time.sleep(0.2)
        raise AssertionError(f"{path} did not get there in {seconds} s: {last}")

    def ended(self, path: str, seconds: float = 90) -> Any:
        """The job at ``path`` once it is over."""
        return self.until(path, lambda job: job["state"] in OVER, seconds)

    def analysed(self, path: Path, **options: Any) -> str:
        """Uploads and waits for the transcript; returns the video's id."""
        video = self.upload(path, **options)
        job = self.ended(f"/videos/{video}/analysis")
        assert job["state"] == "succeeded", job
        return video

    def captioned(self, path: Path, seconds: float) -> str:
        """Uploads a video without sound and gives it captions, a word each half second; returns
        its id. No speech model is needed for it."""
        video = self.upload(path)
        self.until(f"/videos/{video}", lambda facts: facts["state"] == "ready")
        self.ended(f"/videos/{video}/analysis")
        words = [
            {"text": "Hello", "start": n / 2, "end": n / 2 + 0.4, "loudness": (-1) ** n, "pitch": None}
            for n in range(round(seconds * 2))
        ]  # fmt: skip
        cues = [
            {"id": f"c{n}", "kind": "speech", "start": word["start"], "end": word["end"],
             "speaker": None, "region": None, "words": [word]}
            for n, word in enumerate(words)
        ]  # fmt: skip
        document = {"version": 1, "style": {"name": "intention"}, "speakers": {}, "cues": cues}
        self.call("PUT", f"/videos/{video}/scenario", document)
        return video

    def render(self, video: str, **more: Any) -> str:
        return self.call("POST", "/renders", {"video_id": video, **more})["id"]

    def events(self, path: str, seconds: float = 90) -> Iterator[tuple[str, Any]]:
        """Server-sent events as (name, document), until the stream ends."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        with self.http.stream("GET", f"/api/v1{path}", headers=headers, timeout=seconds) as answer:
            assert answer.status_code == 200, answer.read()
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    yield name, json.loads(line[5:])

    def download(self, render: str) -> bytes:
        answer = self.ask("GET", f"/renders/{render}/download")
        assert answer.status_code == 302, answer.text
        fetched = httpx.get(answer.headers["location"], timeout=60)
        assert fetched.status_code == 200
        return fetched.content
