"""Composition root: joins what the features offer. The only module that knows both ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from ecg.analysis import app as analysis
from ecg.analysis import catalogue, languages, pulling, script, terms
from ecg.analysis.catalogue import Model
from ecg.analysis.interfaces import AnalysisEngine
from ecg.captions.fonts import FontFace
from ecg.kernel.errors import InputRefused
from ecg.kernel.settings import Settings, listed
from ecg.media.info import VideoLimits
from ecg.media.pipe import Limits
from ecg.render import app as render
from ecg.render import browsers, formats
from ecg.render.interfaces import RenderEngine

__all__ = [
    "ROLES",
    "SUFFIXES",
    "Model",
    "analysis_engine",
    "check_captions",
    "check_height",
    "check_output",
    "check_roles",
    "draw_preview",
    "find_browser",
    "frame_rate",
    "language_code",
    "list_models",
    "model_folder",
    "model_name",
    "pull_model",
    "read_font",
    "read_script",
    "read_terms",
    "render_engine",
]

LEAST_KEY = 32
"""Bytes of a key that signs."""

_STORES = "Redis (worker), the api's address where it runs apart"
ROLES = {
    "api": (
        "accounts, uploads, desks, the dispatcher; loads no model and no browser",
        "PostgreSQL, S3, Redis (reader); the worker roles' addresses where they run apart",
    ),
    "audio": ("probes videos, turns speech into transcripts; loads speech models", _STORES),
    "render": ("draws captions and encodes; loads a browser", _STORES),
}
"""What each role does, and what it needs."""


def check_roles(settings: Settings, names: frozenset[str]) -> bool:
    """Whether this process runs the stores itself: where none is set and the api is among its
    roles. Raises ``InputRefused`` naming what these roles still lack."""
    stores = {
        "ECG_DATABASE__URL": settings.database.url,
        "ECG_REDIS__READER_URL": settings.redis.reader_url,
        "ECG_S3__BUCKET": settings.s3.bucket,
    }
    _check_keys(settings)
    workers = names - {"api"}
    if "api" in names and not any((*stores.values(), settings.redis.url)):
        return True
    needed = dict(stores) if "api" in names else {}
    if workers:
        needed["ECG_REDIS__URL"] = settings.redis.url
    if "api" in names:
        needed["ECG_SECRET_KEY"] = ",".join(listed(settings.secret_key))
        for role, url in (("audio", settings.audio.url), ("render", settings.render.url)):
            if role not in names:
                needed[f"ECG_{role.upper()}__URL"] = url
    else:
        needed["ECG_API__URL"] = settings.api.url
    needed["ECG_SERVICE_KEY"] = ",".join(listed(settings.service_key))
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise InputRefused(
            f"the roles {', '.join(sorted(names))} still need {', '.join(missing)}; "
            "set them, or set no store at all and run the api role for stores of its own"
        )
    return False


def _check_keys(settings: Settings) -> None:
    """Raises ``InputRefused`` for a key that could be guessed (RFC 7518, 3.2)."""
    for name, value in (
        ("ECG_SECRET_KEY", settings.secret_key),
        ("ECG_SERVICE_KEY", settings.service_key),
    ):
        for number, key in enumerate(listed(value), 1):
            if len(key.encode()) < LEAST_KEY:
                raise InputRefused(
                    f"{name}: key {number} has {len(key.encode())} bytes, at least {LEAST_KEY} are "
                    "needed; make one with `openssl rand -hex 32`"
                )


SUFFIXES = formats.SUFFIXES
check_captions = formats.check_captions
check_height = formats.check_height
check_output = render.check_output
frame_rate = formats.frame_rate
language_code = languages.language_code
read_script = script.read_script
read_terms = terms.read_terms


def analysis_engine(settings: Settings) -> AnalysisEngine:
    """The speech engine in a child of its own. The caller closes it."""
    idle = settings.analysis.idle_seconds
    return analysis.open_engine(settings.models_folder, settings.work_dir, _limits(settings), idle)


def render_engine(settings: Settings) -> RenderEngine:
    """The drawing engine in a child of its own. The caller closes it."""
    return render.open_engine(find_browser(settings), settings.work_dir, _limits(settings))


def _limits(settings: Settings) -> Limits:
    engine = settings.engine
    return Limits(
        memory=engine.memory_bytes,
        file_size=engine.file_bytes,
        stall=engine.stall_seconds,
        processor=round(engine.stall_seconds * (os.cpu_count() or 1)) + 1,
        browser_pages=engine.browser_pages,
        browser_memory=engine.browser_bytes,
        video=VideoLimits(settings.limits.video_seconds, settings.limits.video_pixels),
    )


def draw_preview(settings: Settings, styles: Sequence[str]) -> Coroutine[Any, Any, bytes]:
    """A PNG that shows the named styles, drawn in a child of its own."""
    return render.draw_preview(find_browser(settings), styles, settings.work_dir, _limits(settings))


def read_font(settings: Settings, data: bytes) -> Coroutine[Any, Any, FontFace]:
    """What a stranger's font file says of itself, read in a child of its own."""
    return render.read_font(data, settings.work_dir, _limits(settings))


def find_browser(settings: Settings) -> Path:
    """The Chromium to draw with. Raises ``Missing``."""
    return browsers.find_browser(settings.browser)


def list_models(settings: Settings) -> list[Model]:
    """The catalogue of speech models, and which are here."""
    return catalogue.list_models(settings.models_folder)


def model_folder(settings: Settings) -> Path:
    """The folder of the speech model in the settings. Raises ``NotFound`` or ``Missing``."""
    return catalogue.find_model(settings.analysis.model, settings.models_folder)


def model_name(name: str) -> str:
    """``name`` itself where it is a model that hears words, or the whole path of a folder with one.
    Raises ``NotFound`` naming those."""
    catalogue.find_recogniser(name)
    return str(Path(name).expanduser().absolute()) if catalogue.is_path(name) else name


def pull_model(settings: Settings, name: str, on_progress: Callable[[float, float], None]) -> Path:
    """Fetches and checks a model; returns its folder."""
    return pulling.pull(name, settings.models_folder, on_progress)
