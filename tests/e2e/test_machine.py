"""The commands about this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Ecg = Callable[..., "subprocess.CompletedProcess[str]"]


def test_doctor_finds_what_is_here_and_names_what_is_not(
    ecg: Ecg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ecg("doctor")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok ") == 5
    monkeypatch.setenv("ECG_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("ECG_BROWSER", str(tmp_path / "none"))
    monkeypatch.setenv("ECG_WORK_DIR", str(tmp_path / "nowhere"))
    done = ecg("doctor", "--json")
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert "ecg models pull base" in checks["model"]["mend"]
    assert str(tmp_path / "none") in checks["browser"]["mend"]
    assert "ECG_WORK_DIR" in checks["space"]["mend"]
    assert checks["python"]["ok"]


def test_config_tells_values_and_origins(ecg: Ecg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_RENDER__QUALITY", "draft")
    rows = {row["key"]: row for row in json.loads(ecg("config", "--json").stdout)}
    assert rows["render.quality"] == {
        "key": "render.quality", "value": "draft", "origin": "ECG_RENDER__QUALITY",
    }  # fmt: skip
    assert rows["analysis.model"]["origin"] == "default"
    monkeypatch.setenv("ECG_SPEED", "1")
    done = ecg("config")
    assert done.returncode == 1
    assert "ECG_SPEED" in done.stderr


def test_models_and_styles_are_listed(ecg: Ecg) -> None:
    models = {model["name"]: model for model in json.loads(ecg("models", "list", "--json").stdout)}
    assert models["base"]["here"]
    assert models["base"]["licence"] == "MIT"
    assert "base" in ecg("models", "list").stdout
    styles = json.loads(ecg("styles", "--json").stdout)
    assert {"intention", "broadcast"} <= {style["name"] for style in styles}
    assert "intention" in ecg("styles").stdout


def test_a_model_that_does_not_exist_cannot_be_pulled(ecg: Ecg) -> None:
    done = ecg("models", "pull", "enormous")
    assert done.returncode == 1
    assert "base" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pulled_model_is_not_fetched_again(ecg: Ecg) -> None:
    done = ecg("models", "pull", "base", "--json")
    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)["folder"]).is_dir()
    assert done.stderr == ""


def test_help_and_version(ecg: Ecg) -> None:
    assert "caption" in ecg("--help").stdout
    assert "--strength" in ecg("caption", "--help").stdout
    assert ecg("--version").stdout.startswith("ecg")
