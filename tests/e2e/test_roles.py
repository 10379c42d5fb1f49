from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.service import ECG, HEAVY, Deployment, Process, environment

LISTED = """
import asyncio, sys
from ecg.kernel.settings import load_settings
from ecg.service.process import service

async def main():
    async with service(load_settings().settings, frozenset(["api"])):
        print(" ".join(sorted({name.split(".")[0] for name in sys.modules})))

asyncio.run(main())
"""


def test_the_api_role_loads_nothing_heavy(apart: Deployment) -> None:
    assert not apart.processes["api"][0].maps(*HEAVY)
    listed = subprocess.run(
        [sys.executable, "-c", LISTED],
        env=apart.settings, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(listed.stdout.split())
    assert "litestar" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize(
    ("role", "given", "named"),
    [
        ("audio", {}, "ECG_REDIS__URL"),
        ("render", {"ECG_REDIS__URL": "redis://127.0.0.1:1"}, "ECG_API__URL"),
        ("api", {"ECG_DATABASE__URL": "postgresql://a:b@127.0.0.1/x"}, "ECG_REDIS__"),
        ("api,audio,render", {"ECG_S3__BUCKET": "ecg"}, "ECG_DATABASE__URL"),
        ("api", {"ECG_DATABASE__URL": "x", "ECG_REDIS__READER_URL": "x", "ECG_S3__BUCKET": "x"}, "ECG_S"),
        ("studio", {}, "api, audio, render"),
        ("", {}, "no role"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    tmp_path: Path, role: str, given: dict[str, str], named: str
) -> None:
    done = subprocess.run(
        [*ECG, "serve", "--port", "0", "--role", role],
        env=environment(tmp_path, **given), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in {1, 2}
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told(tmp_path: Path, server: Process) -> None:
    done = subprocess.run(
        [*ECG, "serve", "--port", str(server.port)],
        env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "--port" in done.stderr
