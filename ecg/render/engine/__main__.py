"""The render engine's child process: ``python -m ecg.render.engine``, spoken to by ``app``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ecg.media.served import Context, serve
from ecg.render.engine.browser import Browser
from ecg.render.engine.run import checked, render
from ecg.render.interfaces import CheckCall, RenderCall

_warm: dict[str, Browser] = {}


def _render(payload: msgspec.Raw, context: Context) -> msgspec.Struct:
    call = msgspec.msgpack.decode(payload, type=RenderCall)
    if call.browser not in _warm:
        _warm[call.browser] = Browser(Path(call.browser))
    return render(_warm[call.browser], call.job, Path(call.source), Path(call.output), context)


def _check(payload: msgspec.Raw, _context: Context) -> msgspec.Struct:
    return checked(Path(msgspec.msgpack.decode(payload, type=CheckCall).source))[0]


if __name__ == "__main__":
    serve({"render": _render, "check": _check})
