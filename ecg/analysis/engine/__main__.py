"""The engine's child process."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ecg.analysis.engine.realign import realign
from ecg.analysis.engine.run import run
from ecg.analysis.interfaces import (
    AnalysisProgress,
    AnalysisResult,
    EngineJob,
    Poster,
    ProbeJob,
    Realigned,
    RealignOrder,
)
from ecg.captions.backdrop import LONGER_SIDE, PER_SECOND, Backdrop
from ecg.media.backdrop import small_frames
from ecg.media.info import MediaInfo
from ecg.media.poster import poster
from ecg.media.probe import probe
from ecg.media.served import Context, serve


def _probe(payload: msgspec.Raw, context: Context) -> MediaInfo:
    source = Path(msgspec.msgpack.decode(payload, type=ProbeJob).source)
    return probe(source, context.limits.video)


def _poster(payload: msgspec.Raw, _context: Context) -> Poster:
    return Poster(poster(Path(msgspec.msgpack.decode(payload, type=ProbeJob).source)))


def _backdrop(payload: msgspec.Raw, _context: Context) -> Backdrop:
    source = Path(msgspec.msgpack.decode(payload, type=ProbeJob).source)
    width, height, times, frames = small_frames(source, LONGER_SIDE, PER_SECOND)
    return Backdrop(width, height, tuple(times), tuple(frames))


def _run(payload: msgspec.Raw, context: Context) -> AnalysisResult:
    def report(progress: AnalysisProgress) -> None:
        context.check()
        context.emit(progress)

    return run(msgspec.msgpack.decode(payload, type=EngineJob), report, context.limits.video)


def _realign(payload: msgspec.Raw, context: Context) -> Realigned:
    order = msgspec.msgpack.decode(payload, type=RealignOrder)
    return realign(order, context.limits.video)


serve({"probe": _probe, "poster": _poster, "backdrop": _backdrop, "run": _run, "realign": _realign})
