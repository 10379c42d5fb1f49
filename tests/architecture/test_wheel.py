"""The wheel holds everything that the program reads at run time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ecg.kernel import migrations

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
        ["git", "ls-files", "ecg", "config", "alembic"],
        check=True, capture_output=True, text=True, cwd=ROOT,
    ).stdout.split()  # fmt: skip
    wanted = {name if name.startswith("ecg/") else f"ecg/{name}" for name in tracked}
    assert wanted <= held
    assert {"ecg/config/models.toml", "ecg/captions/styles/intention/style.css"} <= wanted


def test_the_built_studio_is_in_it(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert "ecg/studio/static/index.html" in held
    assert [name for name in held if re.fullmatch(r"ecg/studio/static/assets/.*\.js\.gz", name)]


def test_it_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    for arguments, said in ((["styles"], "intention"), (["models", "list"], "base")):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ecg", *arguments],
            capture_output=True, text=True, check=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        )  # fmt: skip
        assert said in done.stdout


def test_its_migrations_are_found_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    asked = "from ecg.kernel import migrations as m; print(m.ScriptDirectory(str(m._folder())).dir)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", asked + "; print(m.newest())"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    folder, newest = done.stdout.split()
    assert Path(folder).is_relative_to(tmp_path)
    assert newest == migrations.newest()
