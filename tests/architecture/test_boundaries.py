"""What the boundaries promise, asked of the running program."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "torch", "faster_whisper", "ctranslate2", "whisperx", "onnxruntime", "pocketsphinx",
    "playwright", "av", "numpy", "websockets", "fontTools",
}  # fmt: skip


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["import ecg.cli", "import ecg.roles", "import ecg.analysis.app", "import ecg.render.app"],
)
def test_nothing_heavy_loads_outside_the_engines(statement: str) -> None:
    assert not loaded_by(statement) & HEAVY


def test_the_engines_do_load_what_they_stand_on() -> None:
    assert {"av", "numpy"} <= loaded_by("import ecg.render.engine.run")


def test_the_linter_bans_hidden_imports(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.py"
    hidden.write_text('import importlib\nimportlib.import_module("av")\n')
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", hidden],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "TID251" in done.stdout


@pytest.mark.parametrize("lock", ["run", "dev", "studio", "whisperx"])
def test_locks_name_no_registry_and_hash_everything(lock: str) -> None:
    text = (ROOT / f"requirements/{lock}.txt").read_text()
    assert "://" not in text
    pinned = [
        line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))
    ]
    assert pinned
    assert all(line.rstrip().endswith("\\") for line in pinned), "a pin without a hash"


def test_npm_lock_names_no_registry() -> None:
    for lock in ("package-lock.json", "studio/package-lock.json"):
        lines = (ROOT / lock).read_text().splitlines()
        assert not [line for line in lines if '"resolved"' in line], lock


def test_locks_are_as_new_as_the_project() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {spec.split(">")[0].split("[")[0].split("<")[0].lower() for spec in wanted}
    text = (ROOT / "requirements/run.txt").read_text().lower()
    assert not {name for name in names if f"\n{name}==" not in f"\n{text}"}


def test_no_contract_ignores_an_import() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert not [c["name"] for c in config["contracts"] if c.get("ignore_imports")]
