"""The render engine's child process: ``python -m ecg.render.engine``, spoken to by ``app``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ecg.media.served import Context, serve
from ecg.render.engine.browser import Browser
from ecg.render.engine.run import render
from ecg.render.interfaces import RenderCall

_warm: dict[str, Browser] = {}


def _render(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    call = msgspec.msgpack.decode(payload, type=RenderCall)
    browser = _warm.setdefault(call.browser, Browser(Path(call.browser)))
    return render(browser, call.job, Path(call.source), Path(call.output), context)


if __name__ == "__main__":
    serve({"render": _render})
