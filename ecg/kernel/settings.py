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
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

from ecg.kernel.errors import InputRefused

PREFIX = "ECG_"
_CONFIG = "ECG_CONFIG"


class AnalysisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``model``: a name in the model catalogue, or the path of a model's folder. ``engine``: what
    recognises, "auto" is WhisperX where it is installed and a GPU is there. ``threads``: processor
    threads for speech recognition, 0 for what the process may use, up to 16. ``idle_seconds``: how
    long the engine's process and its model stay in memory unused."""

    model: str = "base"
    engine: Literal["auto", "faster-whisper", "whisperx"] = "auto"
    threads: int = 0
    idle_seconds: Annotated[float, Meta(gt=0)] = 600.0


class RenderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``quality``: how hard the encoder works. ``style``: the look of a new scenario. ``url``:
    where the render role answers, for an api that runs without it."""

    quality: Literal["draft", "standard", "high"] = "standard"
    style: str = "intention"
    url: str = ""


class AudioSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``url``: where the audio role answers, for an api that runs without it."""

    url: str = ""


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``url``: where the api role answers, for a worker that runs without it.
    ``origins``: web origins that may call it from a browser, separated by commas.
    ``proxies``: how many proxies of the operator's stand before it, each of which appends to
    ``X-Forwarded-For``."""

    url: str = ""
    origins: str = ""
    proxies: Annotated[int, Meta(ge=0)] = 0


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``url``: ``postgresql://…``. ``pool``: connections kept per process, and as many more in
    a rush."""

    url: str = ""
    pool: Annotated[int, Meta(ge=1)] = 10


class RedisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``url``: the user of the worker roles. ``reader_url``: the api's, who may only read
    progress."""

    url: str = ""
    reader_url: str = ""


class S3Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``bucket`` set means that a store is given. ``endpoint``: where the roles reach it;
    ``public_endpoint``: where browsers do (default: the same; of the embedded store, by the host
    of ``public_url``). Without keys the platform's
    own credentials are used."""

    endpoint: str = ""
    public_endpoint: str = ""
    region: str = "us-east-1"
    bucket: str = ""
    access_key: str = ""
    secret_key: str = ""


class GoogleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sign-in by Google is offered where ``client_id`` is set."""

    client_id: str = ""
    client_secret: str = ""
    discovery_url: str = "https://accounts.google.com/.well-known/openid-configuration"


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one account may use. ``requests_per_minute`` holds for each api process; the others
    hold over all. An address has six times ``logins_per_minute`` for all accounts together. ``video_*``: seconds, bytes and pixels on the longer side of one video."""

    renders_per_minute: Annotated[int, Meta(ge=1)] = 20
    requests_per_minute: Annotated[int, Meta(ge=1)] = 600
    logins_per_minute: Annotated[int, Meta(ge=1)] = 5
    renders_per_day: Annotated[int, Meta(ge=0)] = 200
    renders_per_month: Annotated[int, Meta(ge=0)] = 2000
    renders_at_once: Annotated[int, Meta(ge=0)] = 25
    upload_bytes_per_month: Annotated[int, Meta(ge=0)] = 200 << 30
    video_seconds: Annotated[float, Meta(gt=0)] = 4 * 3600
    video_bytes: Annotated[int, Meta(ge=1)] = 20 << 30
    video_pixels: Annotated[int, Meta(ge=16)] = 4096


class EngineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the processes may use that touch videos, whoever asked. ``memory_bytes`` and
    ``file_bytes`` bound each process and each file for itself. ``stall_seconds``: how long an
    engine may go without an answer or progress. The browser is started anew after
    ``browser_pages`` renders, or when its processes together hold more than
    ``browser_bytes``."""

    memory_bytes: Annotated[int, Meta(ge=1 << 30)] = 8 << 30
    file_bytes: Annotated[int, Meta(ge=1 << 20)] = 64 << 30
    stall_seconds: Annotated[float, Meta(gt=0)] = 900
    browser_pages: Annotated[int, Meta(ge=1)] = 100
    browser_bytes: Annotated[int, Meta(ge=1)] = 1 << 30


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``work_dir``: where engine children keep temporary files (default: the system's own).
    ``models_dir``: speech models (default: ``ecg/models`` in the user's cache folder).
    ``segments_dir``: what the command line keeps of renders (default: ``ecg/segments`` there).
    ``browser``: the Chromium to draw with (default: found). ``data_dir``: where the embedded
    stores keep everything (default: ``ecg`` in the user's data folder). ``public_url``: the
    address that people use (default: the one listened on). ``secret_key`` signs users' tokens,
    ``service_key`` what passes between roles; each may be a list separated by commas, of which
    the first signs and all are accepted."""

    work_dir: Path | None = None
    models_dir: Path | None = None
    segments_dir: Path | None = None
    browser: Path | None = None
    data_dir: Path | None = None
    public_url: str = ""
    secret_key: str = ""
    service_key: str = ""
    analysis: AnalysisSettings = AnalysisSettings()
    render: RenderSettings = RenderSettings()
    audio: AudioSettings = AudioSettings()
    api: ApiSettings = ApiSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    s3: S3Settings = S3Settings()
    google: GoogleSettings = GoogleSettings()
    limits: LimitSettings = LimitSettings()
    engine: EngineSettings = EngineSettings()

    @property
    def models_folder(self) -> Path:
        """Where speech models are kept; may not exist yet."""
        return self.models_dir or _user_folder("XDG_CACHE_HOME", ".cache") / "models"

    @property
    def segments_folder(self) -> Path:
        """Where the command line keeps segments of renders; may not exist yet."""
        return self.segments_dir or _user_folder("XDG_CACHE_HOME", ".cache") / "segments"

    @property
    def data_folder(self) -> Path:
        """Where the embedded stores keep their data; may not exist yet."""
        return self.data_dir or _user_folder("XDG_DATA_HOME", ".local/share")


SECRETS = frozenset(
    {
        "secret_key", "service_key", "database.url", "redis.url", "redis.reader_url",
        "s3.secret_key", "google.client_secret",
    }
)  # fmt: skip
"""Keys whose values are never shown or logged (the URLs carry passwords)."""


def listed(value: str) -> tuple[str, ...]:
    """The parts of a setting that is a list separated by commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


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
    path = Path(named) if named else user_config_dir(environment) / "config.toml"
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


def user_config_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the user's settings: of the file that ``ECG_CONFIG`` names, else ``ecg`` in
    their config folder."""
    named = environment.get(_CONFIG)
    return Path(named).parent if named else _user_folder("XDG_CONFIG_HOME", ".config")


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
