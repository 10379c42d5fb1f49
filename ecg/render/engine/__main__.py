"""The render engine's child process: ``python -m ecg.render.engine``, spoken to by ``app``."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ecg.media.pipe import Limits
from ecg.media.served import Context, serve
from ecg.render.engine.browser import Browser
from ecg.render.engine.preview import encode_png, preview
from ecg.render.engine.run import checked, plan, render
from ecg.render.engine.still import still
from ecg.render.interfaces import (
    CheckCall,
    PlanCall,
    Planned,
    Preview,
    PreviewCall,
    RenderCall,
    Still,
    StillCall,
)

_warm: dict[str, Browser] = {}


def _browser(executable: str, limits: Limits) -> Browser:
    if executable not in _warm:
        _warm[executable] = Browser(
            Path(executable), pages=limits.browser_pages, memory=limits.browser_memory
        )
    return _warm[executable]


def _render(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    call = msgspec.msgpack.decode(payload, type=RenderCall)
    browser = _browser(call.browser, context.limits)
    with _folder(call.segments) as folder:
        return render(browser, call.job, Path(call.source), Path(call.output), folder, context)


@contextmanager
def _folder(kept: str) -> Generator[Path]:
    """Where segments are kept, or one that goes with the render."""
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _plan(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    call = msgspec.msgpack.decode(payload, type=PlanCall)
    segments = plan(call.job, Path(call.source), Path(), context.limits.video)
    return Planned([segment.path.name for segment in segments])


def _preview(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    call = msgspec.msgpack.decode(payload, type=PreviewCall)
    browser = _browser(call.browser, context.limits)
    return Preview(encode_png(preview(browser, call.styles, context.check)))


def _still(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    del context  # a frame takes no time
    call = msgspec.msgpack.decode(payload, type=StillCall)
    return Still(still(Path(call.video), call.scenario, call.kind))


def _check(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    call = msgspec.msgpack.decode(payload, type=CheckCall)
    info, _ = checked(Path(call.source), context.limits.video)
    _browser(call.browser, context.limits).warm()
    return info


if __name__ == "__main__":
    serve(
        {
            "render": _render,
            "check": _check,
            "plan": _plan,
            "preview": _preview,
            "still": _still,
        }
    )
