"""The service as its users meet it: processes started by the command line, a client that
speaks plain HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

ECG = [sys.executable, "-m", "ecg"]
READY = 60


def environment(data: Path, **more: str) -> dict[str, str]:
    """This process's environment without any setting of ECG but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECG_")}
    return {**kept, "ECG_DATA_DIR": str(data), **more}


class Process:
    """``ecg serve`` with arguments; its address is known when this returns."""

    def __init__(self, settings: Mapping[str, str], log: Path, *arguments: str) -> None:
        self.log = log
        self._lines: queue.Queue[str] = queue.Queue()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*ECG, "serve", "--port", "0", *arguments],
                stdout=subprocess.PIPE, stderr=errors, text=True, env=dict(settings),
            )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._address()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def _address(self) -> str:
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                found = re.search(r"ECG is at (\S+)", self._lines.get(timeout=0.2))
            except queue.Empty:
                continue
            if found:
                return found.group(1)
        self.kill()
        raise AssertionError(f"not up: {self.log.read_text()[-4000:]}")

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.kill()
        self._ended()

    def stop(self, seconds: float = 20) -> float:
        """Ends it as an operator does; returns how long that took."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(
                    f"did not end in {seconds} s: {self.log.read_text()[-3000:]}"
                ) from None
        took = time.monotonic() - started
        self._ended()
        return took

    def _ended(self) -> None:
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextlib.contextmanager
def services(data: Path) -> Iterator[dict[str, str]]:
    """The three stores alone, as ``ecg services up`` starts them: yields what ``env`` prints."""
    settings = environment(data)
    subprocess.run([*ECG, "services", "up"], env=settings, check=True, timeout=60)
    try:
        printed = subprocess.run(
            [*ECG, "services", "env"],
            env=settings, check=True, timeout=60, capture_output=True, text=True,
        )  # fmt: skip
        found = dict(
            re.findall(r"^(?:export )?(ECG_\w+)='?([^'\n]*)'?$", printed.stdout, re.MULTILINE)
        )
        given = environment(data, **found)
        subprocess.run([*ECG, "migrate", "up"], env=given, check=True, timeout=60)
        yield given
    finally:
        subprocess.run([*ECG, "services", "down"], env=settings, check=True, timeout=60)


class Deployment:
    """Roles in processes of their own over HTTP, on stores that ``environment`` names. Each role
    has an address with a balancer before it, as an operator would put one."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self._folder = folder
        self._balancers = {role: Balancer() for role in ("api", "audio", "render")}
        self._settings = {
            **settings,
            **{f"ECG_{role.upper()}__URL": self.address(role) for role in self._balancers},
        }
        self.processes: list[Process] = []

    def address(self, role: str) -> str:
        return f"http://127.0.0.1:{self._balancers[role].port}"

    @property
    def url(self) -> str:
        return self.address("api")

    def start(self, role: str) -> Process:
        own = f"ECG_{role.upper()}__URL"
        settings = {name: value for name, value in self._settings.items() if name != own}
        if role == "api":
            settings["ECG_PUBLIC_URL"] = self.url
        log = self._folder / f"{role}{len(self.processes)}.log"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port: int = probe.getsockname()[1]
        process = Process(settings, log, "--role", role, "--port", str(port))
        process.url = f"http://127.0.0.1:{port}"
        self.processes.append(process)
        self._balancers[role].backends.append(port)
        return process

    def logs(self) -> str:
        return "".join(process.log.read_text() for process in self.processes)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.stop()
        for balancer in self._balancers.values():
            balancer.close()


class Balancer:
    """Passes each connection on to the first backend that takes it, in turn."""

    def __init__(self) -> None:
        self.backends: list[int] = []
        self._turn = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._turn += 1
            for number in range(len(self.backends)):
                port = self.backends[(self._turn + number) % len(self.backends)]
                try:
                    backend = socket.create_connection(("127.0.0.1", port), timeout=2)
                except OSError:
                    continue
                backend.settimeout(None)
                threading.Thread(target=_joined, args=(client, backend), daemon=True).start()
                break
            else:
                client.close()


def _joined(client: socket.socket, backend: socket.socket) -> None:
    with client, backend:
        back = threading.Thread(target=_pass_on, args=(backend, client), daemon=True)
        back.start()
        _pass_on(client, backend)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Client:
    """One account over plain HTTP. Every method raises on an answer that is not 2xx."""

    def __init__(self, url: str, name: str = "ada") -> None:
        self.http = httpx.Client(base_url=url, timeout=30)
        self.name = name
        self.token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The answer, whatever it is."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        return self.http.request(method, f"/api/v1{path}", content=content, headers=headers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.ask(method, path, body, **headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sign_up(self) -> Self:
        email = f"{self.name}-{time.time_ns()}@example.org"
        answer = self.call("POST", "/auth/signup", {"email": email, "password": "correct horse"})
        self.token = answer["access_token"]
        return self

    def upload(self, path: Path, **options: Any) -> str:
        """Uploads a file straight to the store; returns the video's id."""
        data = path.read_bytes()
        made = self.call(
            "POST", "/uploads",
            {"filename": path.name, "size": len(data), "content_type": "video/mp4"},
        )  # fmt: skip
        done, at = [], 0
        size = made["part_size"] or len(data)
        for part in made["parts"]:
            piece = data[at : at + size]
            at += len(piece)
            answer = httpx.put(part["url"], content=piece, headers=part["headers"], timeout=60)
            assert answer.is_success, answer.text
            done.append({"number": part["number"], "etag": answer.headers["etag"]})
        video = self.call("POST", f"/uploads/{made['id']}/complete", {"parts": done, **options})
        return video["id"]

    def until(self, path: str, done: Callable[[Any], bool], seconds: float = 90) -> Any:
        """Polls ``path`` until ``done``; a server that is away meanwhile is asked again."""
        deadline = time.monotonic() + seconds
        last: Any = None
        while time.monotonic() < deadline:
            try:
                answer = self.ask("GET", path)
                last = answer.json() if answer.is_success else answer.text
                if answer.is_success and done(last):
                    return last
            except httpx.TransportError as error:
                last = repr(error)
            time.sleep(0.2)
        raise AssertionError(f"{path} did not get there in {seconds} s: {last}")

    def ended(self, path: str, seconds: float = 90) -> Any:
        """The job at ``path`` once it is over."""
        over = {"succeeded", "failed", "cancelled"}
        return self.until(path, lambda job: job["state"] in over, seconds)

    def analysed(self, path: Path, **options: Any) -> str:
        """Uploads and waits for the transcript; returns the video's id."""
        video = self.upload(path, **options)
        job = self.ended(f"/videos/{video}/analysis")
        assert job["state"] == "succeeded", job
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
        while answer.status_code == 503:
            time.sleep(float(answer.headers["retry-after"]))
            answer = self.ask("GET", f"/renders/{render}/download")
        assert answer.status_code == 302, answer.text
        fetched = httpx.get(answer.headers["location"], timeout=60)
        assert fetched.status_code == 200
        return fetched.content
