"""The commands about this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
    named = {"intention", "broadcast", "karaoke", "pop", "bounce"}
    assert {style["name"] for style in styles} == named
    shown = ecg("styles").stdout
    assert all(style[what] in shown for style in styles for what in ("name", "title"))
    assert [style["name"] for style in json.loads(ecg("styles", "pop", "--json").stdout)] == ["pop"]


def test_styles_are_drawn_by_the_renderer_itself(ecg: Ecg, tmp_path: Path) -> None:
    done = ecg("styles", "karaoke", "broadcast", "--preview", "looks.png")
    assert (done.returncode, done.stdout) == (0, "looks.png\n"), done.stderr
    with Image.open(tmp_path / "looks.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape == (2 * 216, 3 * 480, 3)
    karaoke, broadcast = np.split(pixels, 2)
    # a word half filled, in a third and a fourth frame's colours, where broadcast has white alone
    for left, color in ((0, (245, 177, 75)), (480, (86, 180, 233)), (960, (123, 216, 143))):
        for strip, wanted in ((karaoke, True), (broadcast, False)):
            frame = strip[:, left : left + 480]
            filled = (np.abs(frame - color).max(axis=2) < 12).sum()
            white = (frame.min(axis=2) > 250).sum()
            assert (filled > 100) == wanted
            assert white > 100
    for arguments, code, said in (
        (("styles", "shouting"), 2, "intention"),
        (("styles", "--preview", "looks.gif"), 2, ".png"),
        (("styles", "--preview", "nowhere/looks.png"), 1, "nowhere"),
    ):
        done = ecg(*arguments)
        assert done.returncode == code
        assert said in done.stderr
        assert "Traceback" not in done.stderr


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
