"""The wheel holds everything that the program reads at run time."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        check=True, capture_output=True, cwd=ROOT,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "ecg", "config"], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.split()
    wanted = {f"ecg/{name}" if name.startswith("config/") else name for name in tracked}
    assert wanted <= held
    assert {"ecg/config/models.toml", "ecg/captions/styles/intention/style.css"} <= wanted


def test_it_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    for arguments, said in ((["styles"], "intention"), (["models", "list"], "base")):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ecg", *arguments],
            capture_output=True, text=True, check=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        )  # fmt: skip
        assert said in done.stdout
