"""What docs/api.md shows is what works: its blocks are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import msgspec
import pytest

from ecg.captions.scenario import Scenario
from ecg.kernel import errors
from ecg.kernel.settings import LimitSettings
from ecg.kernel.webhooks import secret_of, signed
from tests.e2e.service import Process

GUIDE = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


def run(command: list[str], script: str, folder: Path, server: Process, video: Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, input=script, cwd=folder, text=True, capture_output=True, check=False, timeout=200,
        env={**os.environ, "PATH": path, "ECG_URL": server.url, "VIDEO": str(video)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def words(folder: Path) -> str:
    transcript = msgspec.json.decode((folder / "transcript.json").read_bytes())
    return " ".join(word["text"] for part in transcript["segments"] for word in part["words"])


def is_captioned(path: Path) -> bool:
    with av.open(str(path)) as result:
        return result.streams.video[0].width == 640


def test_the_journey_in_curl(server: Process, speech: Path, tmp_path: Path) -> None:
    script = "\n".join(["set -eu", *blocks("sh")])
    said = run(["sh", "-s"], script, tmp_path, server, speech)
    assert said.count("event: end") == 2
    assert "country" in words(tmp_path).lower()
    assert " --> " in (tmp_path / "captions.srt").read_text()
    stored = msgspec.json.decode((tmp_path / "stored.json").read_bytes(), type=Scenario)
    assert stored.cues[0].words[0].text == "Hello"
    assert is_captioned(tmp_path / "captioned.mp4")


def test_the_journey_in_python(server: Process, speech: Path, tmp_path: Path) -> None:
    said = run([sys.executable, "-"], blocks("python")[0], tmp_path, server, speech)
    assert "country" in said.lower()
    assert is_captioned(tmp_path / "captioned.mp4")


def test_the_check_of_a_webhook() -> None:
    shown: dict[str, Any] = {}
    exec(blocks("python")[1], shown)
    is_genuine = shown["is_genuine"]
    secret, body = secret_of("a key"), b'{"id": "1"}'
    headers = {name.lower(): value for name, value in signed(secret, "msg_1", body).items()}
    assert is_genuine(secret, headers, body)
    assert not is_genuine(secret_of("another"), headers, body)
    assert not is_genuine(secret, headers, body + b" ")
    assert not is_genuine(secret, {**headers, "webhook-id": "msg_2"}, body)
    old = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    assert not is_genuine(secret, old, body)


def every_error() -> list[type[errors.EcgError]]:
    found: list[type[errors.EcgError]] = []
    waiting: list[type[errors.EcgError]] = [errors.EcgError]
    while waiting:
        found.append(waiting.pop())
        waiting += found[-1].__subclasses__()
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.code)
def test_every_code_is_in_the_table(kind: type[errors.EcgError]) -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith(f"| {kind.status} |")]
    assert any(f"`{kind.code}`" in row for row in rows), kind.code


def test_the_limits_are_the_defaults() -> None:
    limits = LimitSettings()
    section = GUIDE.split("## Limits")[1]
    assert f"| {limits.requests_per_minute} a minute" in section
    assert f"; {limits.logins_per_minute} sign-ins" in section
    assert f"| `POST /renders` | {limits.renders_per_minute} a minute" in section
    per_day, per_month = limits.renders_per_day, limits.renders_per_month
    assert f"| {per_day} a day, {per_month:,} a month, {limits.renders_at_once} at once" in section
    assert f"| {limits.upload_bytes_per_month >> 30} GiB a month" in section
    hours, size = limits.video_seconds / 3600, limits.video_bytes >> 30
    assert f"| {hours:.0f} hours, {size} GiB, {limits.video_pixels:,} pixels" in section
