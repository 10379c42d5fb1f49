"""The render role at work: one render after another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec

from ecg.kernel.attempts import Ticket, Trouble
from ecg.kernel.errors import EcgError
from ecg.kernel.folders import sweep_folders
from ecg.kernel.queue import JobQueue, Life, QueueSubmitter, serve_queue
from ecg.kernel.redis import ping
from ecg.kernel.web import Part
from ecg.kernel.work import Attempted, Link, attempt, now
from ecg.render import progress, wire
from ecg.render.interfaces import (
    FONTS,
    RESULTS,
    SEGMENTS,
    Rendered,
    RenderEngine,
    RenderFailed,
    RenderJob,
    RenderProgress,
    RenderReport,
    RenderRequest,
    whole,
)

SIGNED_AT_ONCE = 100
SEND_EVERY = 1.0
"""Seconds between two looks for segments that are done."""


def worker_part(
    link: Link, queue: JobQueue, engine: RenderEngine, service_keys: Sequence[str]
) -> Part:
    """The render role in this process: it works off ``queue``, takes jobs that an api elsewhere
    sends, and closes ``engine`` at the end."""

    async def run() -> None:
        sweep_folders(link.work_dir)
        try:
            await serve_queue(queue, partial(render, link, engine))
        finally:
            await engine.close()

    return Part(
        routes=[wire.worker_routes(QueueSubmitter(queue), service_keys)],
        tasks=[run],
        checks={"redis": partial(ping, queue.redis)},
    )


async def render(link: Link, engine: RenderEngine, ticket: Ticket, life: Life) -> None:
    """One attempt at a render. Raises ``TryAgain``."""

    async def do(tried: Attempted) -> None:
        await _rendered(tried, engine, *_shown(link, tried))

    async def failed(tried: Attempted, trouble: Trouble) -> None:
        await _report(tried, RenderFailed(trouble))

    await attempt("render", link, ticket, life, do=do, failed=failed)


def _shown(
    link: Link, tried: Attempted
) -> tuple[Callable[[str], None], Callable[[RenderProgress], None]]:
    """Two ways to say where the work is, which is written to Redis while the job lives."""
    latest = progress.Progress(tried.number, time.time(), "download")

    def stage(name: str) -> None:
        nonlocal latest
        latest = msgspec.structs.replace(latest, stage=name)

    def heard(said: RenderProgress) -> None:
        nonlocal latest
        latest = progress.Progress(
            tried.number, latest.at, said.stage, said.frame, said.total, said.fps, said.speed, said.eta
        )  # fmt: skip

    async def tell() -> None:
        await progress.write(link.redis, tried.id, now(latest))

    tried.life.tell = tell
    return stage, heard


async def _rendered(
    tried: Attempted,
    engine: RenderEngine,
    stage: Callable[[str], None],
    heard: Callable[[RenderProgress], None],
) -> None:
    request = msgspec.json.decode(tried.request, type=RenderRequest)
    await tried.fetch(request.size)
    job = await _with_fonts(tried, request.job)
    stage("start")
    name, folder = RESULTS[request.job.format], tried.folder / SEGMENTS
    folder.mkdir()
    with tried.life.of_engine():
        names = await engine.segments(job, tried.source)
    await _bring_kept(tried, names)
    async with _sending(tried, folder):
        with tried.life.of_engine() as alive:
            facts = await engine.run(job, tried.source, tried.folder / name, heard, alive, folder)
    stage("upload")
    stored = await tried.store(name)
    await _report(tried, Rendered(stored, facts))


async def _with_fonts(tried: Attempted, job: RenderJob) -> RenderJob:
    """The job with its fonts in the attempt's folder, but for those that were deleted."""
    (tried.folder / FONTS).mkdir()
    fonts = [
        msgspec.structs.replace(font, file=str(tried.folder / font.file))
        for font in job.fonts
        if await tried.load(font.file, font.size)
    ]
    return msgspec.structs.replace(job, fonts=tuple(fonts))


async def _bring_kept(tried: Attempted, names: Sequence[str]) -> None:
    """Brings the segments that an earlier attempt or render has left in the store."""
    paths = [f"{SEGMENTS}/{name}" for name in names]
    for first in range(0, len(paths), SIGNED_AT_ONCE):
        signed = await tried.sign(paths[first : first + SIGNED_AT_ONCE])
        for path, pair in signed.items():
            if pair.get:
                await tried.bring(path, pair.get)


@asynccontextmanager
async def _sending(tried: Attempted, folder: Path) -> AsyncGenerator[None]:
    """While the block runs, and once after it, brings new segments of ``folder`` to the store:
    what the next attempt or render goes on from. One that is refused is only made again."""
    known = {path.name for path in whole(folder)}

    async def send() -> None:
        for path in whole(folder):
            if path.name not in known:
                with suppress(EcgError):
                    await tried.store(f"{SEGMENTS}/{path.name}")
                known.add(path.name)  # not before: what was broken off is sent at the end

    async def go_on() -> None:
        while True:
            await asyncio.sleep(SEND_EVERY)
            await send()

    sending = asyncio.create_task(go_on())
    try:
        yield
    finally:
        sending.cancel()
        await asyncio.wait([sending])
    if not sending.cancelled():
        sending.result()
    await send()


async def _report(tried: Attempted, event: Rendered | RenderFailed) -> None:
    await tried.report(RenderReport(tried.id, tried.number, event), event)
