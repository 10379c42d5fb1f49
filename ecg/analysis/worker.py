"""The audio role at work: one analysis after another, and beside them edited windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from litestar import Router

from ecg.analysis import progress, wire
from ecg.analysis.interfaces import (
    BACKDROP,
    CONTOUR,
    POSTER,
    PROBE_SECONDS,
    TRANSCRIPT,
    Analysed,
    AnalysisEngine,
    AnalysisFailed,
    AnalysisProgress,
    AnalysisReport,
    AnalysisRequest,
    Probed,
    Realigned,
    RealignRequest,
    Refused,
    analysis_seconds,
)
from ecg.captions.backdrop import packed
from ecg.captions.document import encode
from ecg.kernel.attempts import Stored, Ticket, Trouble
from ecg.kernel.errors import MediaRefused
from ecg.kernel.folders import sweep_folders
from ecg.kernel.queue import JobQueue, Life, QueueSubmitter, Work, serve_queue
from ecg.kernel.redis import ping
from ecg.kernel.web import Part
from ecg.kernel.work import Attempted, Link, attempt, now, told, within
from ecg.media.info import MediaInfo, VideoLimits, check_duration, check_picture

SHARES = {
    "download": (0.0, 0.08),
    "probe": (0.08, 0.10),
    "decode": (0.10, 0.15),
    "transcribe": (0.15, 0.80),
    "measure": (0.80, 0.98),
    "upload": (0.98, 1.0),
}
"""Of the whole job, where each stage begins and ends; by what they took on ordinary talks."""


def worker_part(
    link: Link, queue: JobQueue, engine: AnalysisEngine, service_keys: Sequence[str]
) -> Part:
    """Analyses in this process: it works off ``queue``, takes jobs that an api elsewhere sends, and
    closes ``engine`` at the end."""
    routes = wire.worker_routes(QueueSubmitter(queue), service_keys)
    return _part(link, queue, engine, routes, partial(analyse, link, engine))


def realign_part(
    link: Link, queue: JobQueue, engine: AnalysisEngine, service_keys: Sequence[str]
) -> Part:
    """The same for edited windows, which somebody waits for: no analysis is in their way where queue
    and engine are their own."""
    routes = wire.worker_routes(QueueSubmitter(queue), service_keys, wire.REALIGN_PATH)
    return _part(link, queue, engine, routes, partial(realign, link, engine))


def _part(link: Link, queue: JobQueue, engine: AnalysisEngine, routes: Router, work: Work) -> Part:
    async def run() -> None:
        sweep_folders(link.work_dir)
        try:
            await serve_queue(queue, work)
        finally:
            await engine.close()

    return Part(routes=[routes], tasks=[run], checks={"redis": partial(ping, queue.redis)})


async def analyse(link: Link, engine: AnalysisEngine, ticket: Ticket, life: Life) -> None:
    """One attempt at an analysis. Raises ``TryAgain``."""

    async def do(tried: Attempted) -> None:
        request = msgspec.json.decode(tried.request, type=AnalysisRequest)
        await _analysed(tried, engine, request, *_shown(link, tried))

    await attempt("analysis", link, ticket, life, do=do, failed=_failed)


async def realign(link: Link, engine: AnalysisEngine, ticket: Ticket, life: Life) -> None:
    """One attempt at timing an edited window. Raises ``TryAgain``."""

    async def do(tried: Attempted) -> None:
        request = msgspec.json.decode(tried.request, type=RealignRequest)
        _shown(link, tried)
        await _realigned(tried, engine, request)

    await attempt("realign", link, ticket, life, do=do, failed=_failed)


async def _failed(tried: Attempted, trouble: Trouble) -> None:
    await _report(tried, AnalysisFailed(trouble))


def _shown(
    link: Link, tried: Attempted
) -> tuple[Callable[[str], None], Callable[[AnalysisProgress], None]]:
    """Two ways to say where the work is, which is written to Redis while the job lives."""
    latest = progress.Progress(tried.number, time.time(), "download")

    def stage(name: str, part: float = 0.0) -> None:
        nonlocal latest
        begin, end = SHARES[name]
        done = max(latest.progress, begin + (end - begin) * min(part, 1.0))
        latest = progress.Progress(tried.number, latest.at, name, round(done, 4))

    def heard(said: AnalysisProgress) -> None:
        stage(said.stage, said.done / said.total if said.total else 0.0)

    async def tell() -> None:
        await progress.write(link.redis, tried.id, now(latest))

    tried.life.tell = tell
    return stage, heard


async def _analysed(
    tried: Attempted,
    engine: AnalysisEngine,
    request: AnalysisRequest,
    stage: Callable[[str], None],
    heard: Callable[[AnalysisProgress], None],
) -> None:
    begun = time.monotonic()
    await tried.fetch(request.size)
    stage("probe")
    try:
        async with within(PROBE_SECONDS, "looking into the video"):
            with tried.life.of_engine() as alive:
                media = await engine.probe(tried.source, alive)
                check_limits(media, request.limits, str(tried.source))
                poster = await engine.poster(tried.source, alive)
    except MediaRefused as error:
        await engine.close()  # for the next file, whatever this one has done
        await _report(tried, Refused(told(error, tried.source)))
        return
    await _report(tried, Probed(media, await _stored(tried, POSTER, poster.data)))
    async with within(analysis_seconds(media.duration), "recognising the speech"):
        with tried.life.of_engine() as alive:
            await _stored(tried, BACKDROP, packed(await engine.backdrop(tried.source, alive)))
            result = await engine.run(request.job, tried.source, heard, alive)
    stage("upload")
    await _stored(tried, CONTOUR, result.contour)
    stored = await _stored(tried, TRANSCRIPT, encode(result.transcript))
    await _report(tried, Analysed(stored, time.monotonic() - begun))


async def _realigned(tried: Attempted, engine: AnalysisEngine, request: RealignRequest) -> None:
    await tried.fetch(request.size)
    async with within(PROBE_SECONDS, "timing the words"):
        with tried.life.of_engine() as alive:
            realigned = await engine.realign(request.realign, tried.source, alive)
    await _report(tried, realigned)


def check_limits(media: MediaInfo, limits: VideoLimits, name: str) -> None:
    """Raises ``MediaRefused``, saying what was found and what the api that asked allows."""
    if not media.video:
        raise MediaRefused(f"{name}: has sound but no picture; upload a video")
    check_duration(media.duration, limits, name)
    check_picture(media.video[0].width, media.video[0].height, limits, name)


async def _stored(tried: Attempted, name: str, data: bytes) -> Stored:
    (tried.folder / name).write_bytes(data)
    return await tried.store(name)


async def _report(
    tried: Attempted, event: Probed | Refused | Analysed | Realigned | AnalysisFailed
) -> None:
    await tried.report(AnalysisReport(tried.id, tried.number, event), event)
