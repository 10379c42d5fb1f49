from __future__ import annotations

from pathlib import Path

import pytest

from ecg.kernel.errors import InputRefused
from ecg.kernel.settings import Settings, config_dir, load_settings, setting_keys


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def test_defaults_without_file_and_environment() -> None:
    loaded = load_settings({})
    assert loaded.settings == Settings()
    assert loaded.origins == {}


def test_environment_wins_over_file_and_origins_are_told(empty_home: Path) -> None:
    (empty_home / "ecg").mkdir()
    file = empty_home / "ecg/config.toml"
    file.write_text('[analysis]\nmodel = "small"\nthreads = 1\n[render]\nquality = "draft"\n')
    loaded = load_settings({"ECG_ANALYSIS__MODEL": "tiny.en", "ECG_WORK_DIR": "/w", "HOME": "/h"})
    assert loaded.settings.analysis.model == "tiny.en"
    assert loaded.settings.analysis.threads == 1
    assert loaded.settings.render.quality == "draft"
    assert loaded.settings.work_dir == Path("/w")
    assert loaded.origins == {
        "analysis.model": "ECG_ANALYSIS__MODEL",
        "analysis.threads": str(file),
        "render.quality": str(file),
        "work_dir": "ECG_WORK_DIR",
    }


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ECG_WHATEVER": "1"}, "whatever"),
        ({"ECG_ANALYSIS__SPEED": "1"}, "speed"),
        ({"ECG_ANALYSIS__THREADS": "many"}, "ECG_ANALYSIS__THREADS"),
        ({"ECG_RENDER__QUALITY": "best"}, "ECG_RENDER__QUALITY"),
        ({"ECG_ANALYSIS": "x"}, "ECG_ANALYSIS"),
        ({"ECG_CONFIG": "/no/such/file.toml"}, "/no/such/file.toml"),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_name(environment: dict[str, str], named: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        load_settings(environment)
    assert named in refusal.value.message
    assert "\n" not in refusal.value.message


def test_a_wrong_file_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "ecg.toml"
    for text, named in (("model = 1", "model"), ("= broken", "not valid TOML")):
        file.write_text(text)
        with pytest.raises(InputRefused) as refusal:
            load_settings({"ECG_CONFIG": str(file)})
        assert str(file) in refusal.value.message
        assert named in refusal.value.message


def test_the_documented_file_names_every_key_and_holds_the_defaults() -> None:
    documented = config_dir() / "default.toml"
    assert load_settings({"ECG_CONFIG": str(documented)}).settings == Settings()
    text = documented.read_text()
    for key in setting_keys():
        assert f"\n{key.split('.')[-1]} =" in text or f"\n# {key} =" in text, key
