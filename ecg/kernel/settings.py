"""Settings: ``ECG_*`` environment over a config file over the defaults below.

The file is the one ``ECG_CONFIG`` names, else ``ecg/config.toml`` in the user's config
folder; ``config/default.toml`` documents every key. In the environment a double underscore
nests: ``ECG_ANALYSIS__MODEL``. A key that does not exist is refused by name. Nothing is read
before ``load_settings`` is called.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from ecg.kernel.errors import InputRefused

PREFIX = "ECG_"
_CONFIG = "ECG_CONFIG"


class AnalysisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``model``: a name in the model catalogue. ``threads``: processor threads for speech
    recognition, 0 for all."""

    model: str = "base"
    threads: int = 0


class RenderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``quality``: how hard the encoder works. ``style``: the look of a new scenario."""

    quality: Literal["draft", "standard", "high"] = "standard"
    style: str = "intention"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``work_dir``: where engine children keep temporary files (default: the system's own).
    ``models_dir``: speech models (default: ``ecg/models`` in the user's cache folder).
    ``browser``: the Chromium to draw with (default: found)."""

    work_dir: Path | None = None
    models_dir: Path | None = None
    browser: Path | None = None
    analysis: AnalysisSettings = AnalysisSettings()
    render: RenderSettings = RenderSettings()

    @property
    def models_folder(self) -> Path:
        """Where speech models are kept; may not exist yet."""
        return self.models_dir or _user_folder("XDG_CACHE_HOME", ".cache") / "models"


class Loaded(msgspec.Struct, frozen=True):
    """Settings in force, and where each that is not a default came from:
    ``{"analysis.model": "ECG_ANALYSIS__MODEL"}``."""

    settings: Settings
    origins: dict[str, str]


def load_settings(environment: Mapping[str, str] = os.environ) -> Loaded:
    """Reads the file and the environment. Raises ``InputRefused`` naming the key."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    named = environment.get(_CONFIG)
    path = Path(named) if named else _user_folder("XDG_CONFIG_HOME", ".config") / "config.toml"
    if named or path.is_file():
        values = _read(path)
        origins.update(dict.fromkeys(_keys(values), str(path)))
        _convert(values, str(path))
    for name in sorted(environment):
        if name.startswith(PREFIX) and name != _CONFIG:
            keys = name.removeprefix(PREFIX).lower().split("__")
            _put(values, keys, environment[name])
            origins[".".join(keys)] = name
            _convert(values, name)
    return Loaded(_convert(values, "the environment"), origins)


def setting_keys() -> list[str]:
    """Every key there is, dotted: ``analysis.model``."""
    return _keys(cast(dict[str, Any], msgspec.to_builtins(Settings())))


def config_dir() -> Path:
    """The folder with ``default.toml`` and ``models.toml``: inside the installed package, or
    beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "config"
    return inside if inside.is_dir() else package.parent / "config"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise InputRefused(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputRefused(f"{path}: not valid TOML: {error}") from None


def _convert(values: dict[str, Any], origin: str) -> Settings:
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        known = ", ".join(setting_keys())
        raise InputRefused(f"{origin}: {error}; the settings are {known}") from None


def _path(kind: type[Any], value: Any) -> Any:
    if kind is not Path or not isinstance(value, str) or not value:
        raise ValueError("expected the path of a file or folder")
    return Path(value).expanduser()


def _put(values: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        values = cast(dict[str, Any], inner) if isinstance(inner, dict) else {}
    values[keys[-1]] = value


def _keys(values: dict[str, Any], before: str = "") -> list[str]:
    found: list[str] = []
    for key, value in values.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            found += _keys(cast(dict[str, Any], value), f"{name}.")
        else:
            found.append(name)
    return found


def _user_folder(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base else Path.home() / fallback) / "ecg"
