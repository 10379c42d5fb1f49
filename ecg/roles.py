"""Composition root: joins what the features offer. The only module that knows both ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ecg.analysis import app as analysis
from ecg.analysis import catalogue, languages
from ecg.analysis.catalogue import Model
from ecg.analysis.interfaces import AnalysisEngine
from ecg.kernel.errors import NotFound
from ecg.kernel.settings import Settings
from ecg.render import app as render
from ecg.render import browsers
from ecg.render.interfaces import RenderEngine

__all__ = [
    "Model",
    "analysis_engine",
    "check_output",
    "find_browser",
    "language_code",
    "list_models",
    "model_name",
    "pull_model",
    "render_engine",
]

check_output = render.check_output
language_code = languages.language_code


def analysis_engine(settings: Settings) -> AnalysisEngine:
    """The speech engine in a child of its own. The caller closes it."""
    return analysis.open_engine(settings.models_folder, settings.work_dir)


def render_engine(settings: Settings) -> RenderEngine:
    """The drawing engine in a child of its own. The caller closes it."""
    return render.open_engine(find_browser(settings), settings.work_dir)


def find_browser(settings: Settings) -> Path:
    """The Chromium to draw with. Raises ``Missing``."""
    return browsers.find_browser(settings.browser)


def list_models(settings: Settings) -> list[Model]:
    """The catalogue of speech models, and which are here."""
    return catalogue.list_models(settings.models_folder)


def model_name(name: str) -> str:
    """``name`` itself where the catalogue has it. Raises ``NotFound`` naming those it has."""
    known = catalogue.load_catalogue()
    if name not in known:
        raise NotFound(f'no model is called "{name}"; there are {", ".join(known)}')
    return name


def pull_model(settings: Settings, name: str, on_progress: Callable[[float, float], None]) -> Path:
    """Fetches and checks a model; returns its folder."""
    return catalogue.pull(name, settings.models_folder, on_progress)
