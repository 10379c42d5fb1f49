"""The engine's child process."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ecg.analysis.engine.run import run
from ecg.analysis.interfaces import AnalysisProgress, AnalysisResult, EngineJob, Poster, ProbeJob
from ecg.media.info import MediaInfo
from ecg.media.poster import poster
from ecg.media.probe import probe
from ecg.media.served import Context, serve


def _probe(payload: msgspec.Raw, context: Context) -> MediaInfo:
    source = Path(msgspec.msgpack.decode(payload, type=ProbeJob).source)
    return probe(source, context.limits.video)


def _poster(payload: msgspec.Raw, _context: Context) -> Poster:
    return Poster(poster(Path(msgspec.msgpack.decode(payload, type=ProbeJob).source)))


def _run(payload: msgspec.Raw, context: Context) -> AnalysisResult:
    def report(progress: AnalysisProgress) -> None:
        context.check()
        context.emit(progress)

    return run(msgspec.msgpack.decode(payload, type=EngineJob), report, context.limits.video)


serve({"probe": _probe, "poster": _poster, "run": _run})
