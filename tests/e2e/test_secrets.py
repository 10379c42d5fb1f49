"""Whatever happens, no log of any process holds what opens something."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.api_routes import Owned
from tests.e2e.client import Client
from tests.e2e.conftest import LONG
from tests.e2e.service import Deployment, Process

pytestmark = pytest.mark.timed

SHAPES = [
    r"X-Amz-Signature=(?!…)",
    r"\w+://[^/\s:]*:(?!…)[^…@\s/]+@",
    r"eyJ[\w-]{20,}",
    r"ecg_[0-9A-Za-z]{4}[\w-]{10,}",
    r"whsec_",
]
"""Of signatures, passwords in addresses, tokens, API keys and webhook secrets, whoever's."""


def credentials(data: Path) -> dict[str, str]:
    """Everything that the data folder keeps secret."""
    kept = json.loads((data / "credentials.json").read_bytes())
    return {name: value for name, value in kept.items() if isinstance(value, str)}


def check_logs(logs: list[Path], secrets: dict[str, str]) -> None:
    for log in logs:
        text = log.read_text(errors="replace")
        for name, secret in secrets.items():
            assert len(secret) > 8
            assert secret not in text, (log.name, name)
        for shape in SHAPES:
            found = re.search(shape, text)
            assert not found, (log.name, text[found.start() - 200 : found.end() + 20])


def account(client: Client) -> dict[str, str]:
    """Secrets of an account of each kind there is, all of them used."""
    hook = {"url": "https://8.8.8.8/hook", "events": ["render.failed"]}
    secrets = {
        "password": client.password,
        "access token": client.token,
        "API key": client.make_key(),
        "webhook secret": client.call("POST", "/webhooks", hook)["secret"],
        "refresh token": client.refresh_token,
    }
    again = client.call("POST", "/auth/refresh", {"refresh_token": client.refresh_token})
    secrets["second access token"] = again["access_token"]
    secrets["second refresh token"] = again["refresh_token"]
    for token in (secrets["API key"], secrets["refresh token"], secrets["access token"] + "x"):
        with Client(str(client.http.base_url), token=token) as other:
            other.ask("GET", "/videos")
            other.ask("GET", f"/videos?token={token}&cursor={token}")
            other.ask("POST", "/auth/login", {"email": client.email, "password": token})
            other.ask("POST", "/auth/refresh", {"refresh_token": token, "password": token})
    return secrets


def test_nothing_secret_is_logged_by_one_process(server: Process, owned: Owned) -> None:
    secrets = {"access token": owned.owner.token, "password": owned.owner.password}
    with Client(server.url).sign_up() as client:
        secrets |= account(client)
    logs = [server.log, *server.data.rglob("*.log")]
    assert {log.name for log in logs} >= {"serve.log", "postgres.log", "valkey.log", "store.log"}
    assert '"request_id"' in server.log.read_text()
    check_logs(logs, secrets | credentials(server.data))


def test_nothing_secret_is_logged_while_every_store_is_away(
    apart: Deployment, long_silent: Path
) -> None:
    with Client(apart.url).sign_up() as client:
        secrets = account(client)
        video = client.captioned(long_silent, LONG)
        path = f"/renders/{client.render(video, output={'quality': 'draft'})}"
        client.until(path, lambda job: job["progress"] and job["progress"]["frame"] > 0)
        names = ("postgres", "valkey", "store")
        killed = {name: apart.store_pid(name) for name in names}
        supervisor = parent(killed["postgres"])
        os.kill(supervisor, signal.SIGSTOP)  # else they are back before anyone asks
        for pid in killed.values():
            os.kill(pid, signal.SIGKILL)
        threading.Timer(8, os.kill, (supervisor, signal.SIGCONT)).start()
        answers = everything(client, video)
        assert 503 in answers, answers
        client.ended(path)
        assert client.call("GET", path)["state"] == "succeeded"
        assert {name: apart.store_pid(name) for name in names}.items() & killed.items() == set()
    logs = apart.logs()
    named = {re.sub(r"\d+", "", log.name) for log in logs}
    assert named >= {
        "api.log", "audio.log", "render.log", "postgres.log", "valkey.log", "store.log",
        "services.log",
    }  # fmt: skip
    said = "".join(log.read_text(errors="replace") for log in logs if "api" in log.name)
    assert '"event": "fault"' in said
    check_logs(logs, secrets | credentials(apart.data))


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def everything(client: Client, video: str) -> set[int]:
    """Statuses of what was asked until all is well again."""
    statuses: set[int] = set()
    upload: dict[str, Any] = {"filename": "a.mp4", "size": 30 << 20, "content_type": "video/mp4"}
    deadline = time.monotonic() + 60
    while client.http.get("/health/ready").status_code != 200 or not statuses:
        assert time.monotonic() < deadline
        for method, path, body in (
            ("GET", f"/videos/{video}", None),
            ("GET", f"/videos/{video}/source", None),
            ("POST", "/uploads", upload),
            ("POST", "/auth/login", {"email": client.email, "password": client.password}),
        ):
            try:
                statuses.add(client.ask(method, path, body).status_code)
            except httpx.TransportError:
                continue
    return statuses
