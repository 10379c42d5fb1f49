"""What CI, the workflow and the README run is the same, and there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def test_ci_and_the_workflow_run_make_targets_only() -> None:
    assert "exec make test" in (ROOT / ".ci/run").read_text()
    workflow = (ROOT / ".github/workflows/test.yml").read_text()
    assert set(re.findall(r"- run: (.*)", workflow)) == {"make test", "make demo"}


def test_every_script_that_make_names_is_there() -> None:
    for name in re.findall(r"scripts/[a-z_]+\.\w+", MAKEFILE):
        assert (ROOT / name).is_file(), name


def test_the_video_of_the_demo_is_there() -> None:
    (name,) = re.findall(r"^VIDEO +\?= (\S+)", MAKEFILE, flags=re.MULTILINE)
    assert (ROOT / name).is_file()


def test_no_file_holds_a_path_of_one_machine() -> None:
    fixtures = {".png", ".mp4", ".flac", ".woff2"}
    tracked = [p for folder in ("ecg", "tests", "bench", "docs", "scripts", "config")
               for p in (ROOT / folder).rglob("*") if p.is_file()]  # fmt: skip
    for path in tracked:
        if path.suffix in fixtures or "__pycache__" in path.parts or path == Path(__file__):
            continue
        assert "/home/" not in path.read_text(errors="replace"), path
