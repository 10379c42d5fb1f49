"""What the render desk does beyond one query: reports that come in, URLs that go out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import msgspec
import structlog
from prometheus_client import Counter, Histogram
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.captions.fonts import FontFace
from ecg.captions.scenario import Scenario
from ecg.kernel import jobs
from ecg.kernel.attempts import Attempt, SignedPair, Submitter, Trouble
from ecg.kernel.database import Database
from ecg.kernel.errors import EcgError, InputRefused, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.settings import LimitSettings
from ecg.kernel.storage import Store
from ecg.kernel.watch import Shown, Watch
from ecg.media.info import VideoFacts
from ecg.render import progress, service
from ecg.render.interfaces import (
    FONTS,
    RESULTS,
    SEGMENTS,
    Quality,
    Rendered,
    RenderFailed,
    RenderReport,
)
from ecg.render.models import Render

DONE = Counter("ecg_render_outcomes_total", "Renders that ended", ["outcome"])
SPEED = Histogram(
    "ecg_render_speed", "Seconds of video per second of work", buckets=(0.25, 0.5, 1, 2, 4, 8, 16)
)

SOURCE = "source"
_FONT = re.compile(rf"{FONTS}/[0-9a-f-]{{36}}")
_SEGMENT = re.compile(rf"{SEGMENTS}/[0-9a-f]{{64}}\.(?:mp4|webm|mov)")


class RenderDesk(msgspec.Struct, frozen=True):
    """What other features do for this one is given as callables, each in the caller's
    transaction but ``hit``, which counts a request in one of its own. ``read_font`` reads a
    stranger's font in a process of its own."""

    database: Database
    store: Store
    reader: Redis
    submitter: Submitter
    limits: LimitSettings
    quality: Quality
    watch: Watch
    find_video: Callable[[AsyncSession, str, str], Awaitable[VideoFacts]]
    stored_scenario: Callable[[AsyncSession, str, str], Awaitable[Scenario]]
    reserve: Callable[[AsyncSession, str, str, float], Awaitable[None]]
    settle: Callable[[AsyncSession, str, bool], Awaitable[None]]
    notify: Callable[[AsyncSession, str, str, object], Awaitable[None]]
    hit: Callable[[str, int], Awaitable[tuple[int, int]]]
    read_font: Callable[[bytes], Awaitable[FontFace]]


async def begin(desk: RenderDesk, job_id: str) -> Attempt:
    """Gives out the next attempt of a render."""
    async with desk.database.transaction() as session:
        return await jobs.begin(session, Render, job_id)


async def sign(
    desk: RenderDesk, job_id: str, attempt: int, names: Sequence[str]
) -> dict[str, SignedPair]:
    """URLs of what an attempt may read and write. Raises ``InputRefused`` for another name."""
    async with desk.database.transaction() as session:
        job = await jobs.check_attempt(session, Render, job_id, attempt)
        video = await desk.find_video(session, job.owner_id, job.video_id)
        fonts = await service.font_keys(session, job.owner_id)
    signed: dict[str, SignedPair] = {}
    kept = segments_of(job.owner_id, job.video_id)
    there = await desk.store.names_under(kept) if any(map(_is_segment, names)) else set[str]()
    for name in names:
        if name == SOURCE:
            signed[name] = SignedPair(get=await desk.store.presign_get(video.key, public=False))
        elif name == RESULTS[job.output["format"]]:
            key = key_of(job_id, attempt, name)
            signed[name] = SignedPair(put=await desk.store.presign_put(key, public=False))
        elif _is_segment(name):
            key = kept + name.removeprefix(f"{SEGMENTS}/")
            get = await desk.store.presign_get(key, public=False) if key in there else ""
            signed[name] = SignedPair(get, await desk.store.presign_put(key, public=False))
        elif _FONT.fullmatch(name):  # one that was deleted meanwhile is not there to get
            font = fonts.get(name.removeprefix(f"{FONTS}/"))
            get = await desk.store.presign_get(font, public=False) if font else ""
            signed[name] = SignedPair(get)
        else:
            raise InputRefused(
                f'this render has no object "{name}"; it has {SOURCE}, '
                f"{RESULTS[job.output['format']]}, {SEGMENTS}/…, {FONTS}/…"
            )
    return signed


def segments_of(owner_id: str, video_id: str) -> str:
    """The prefix of what is kept of a video's renders."""
    return f"{SEGMENTS}/{owner_id}/{video_id}/"


def _is_segment(name: str) -> bool:
    return _SEGMENT.fullmatch(name) is not None


def key_of(job_id: str, attempt: int, name: str) -> str:
    """Of the result, whose ``name`` is one of ``RESULTS``."""
    return f"renders/{job_id}/{attempt}/{name}"


async def receive(desk: RenderDesk, report_id: str, report: RenderReport) -> None:
    """Gives a report its effect, once; a late or repeated one has none."""
    if isinstance(report.event, Rendered):
        report = await _checked(desk, report, report.event)
    event = report.event
    async with desk.database.transaction() as session:
        if not await jobs.first_time(session, report_id):
            return
        row = await _closed(session, report)
        if row is None:
            return
        done = isinstance(event, Rendered)
        await desk.settle(session, row.id, done)
        name = "render.succeeded" if done else "render.failed"
        await desk.notify(session, row.owner_id, name, service.view(row, None))
    if isinstance(event, Rendered) and event.facts.seconds > 0:
        SPEED.observe(event.facts.duration / event.facts.seconds)
    DONE.labels("succeeded" if done else "failed").inc()
    desk.watch.forget(row.owner_id, row.id)


async def _checked(desk: RenderDesk, report: RenderReport, event: Rendered) -> RenderReport:
    """The report; a failure where the store does not hold what it names."""
    size, name = -1, event.result.name
    if name in RESULTS.values():
        with suppress(NotFound):
            size = (await desk.store.head(key_of(report.id, report.attempt, name))).size
    if size == event.result.size:
        return report
    trouble = Trouble("engine_failed", "the result in the store is not the one that was reported")
    return msgspec.structs.replace(report, event=RenderFailed(trouble))


async def _closed(session: AsyncSession, report: RenderReport) -> Render | None:
    event = report.event
    if isinstance(event, RenderFailed):
        return await jobs.finish(
            session, Render, report.id, report.attempt, state="failed", trouble=event.trouble
        )
    made = event.facts
    facts = service.ResultFacts(
        event.result.size, made.duration, made.width, made.height, made.notes
    )
    return await jobs.finish(
        session, Render, report.id, report.attempt, state="succeeded",
        result=msgspec.to_builtins(facts), result_key=key_of(report.id, report.attempt, event.result.name),
    )  # fmt: skip


async def give_up(desk: RenderDesk, job_id: str, attempt: int, trouble: Trouble) -> None:
    """Fails a job that no worker could end."""
    report = RenderReport(job_id, attempt, RenderFailed(trouble))
    await receive(desk, new_id(), report)


async def stop(desk: RenderDesk, job_ids: Sequence[str]) -> None:
    """Tells the role; where it does not answer, its worker learns it at its next question."""
    for job_id in job_ids:
        try:
            await desk.submitter.cancel(job_id)
        except EcgError as error:
            structlog.get_logger("ecg.render").warning("cancel", reason=error.message)


async def shown_of(desk: RenderDesk, ids: Sequence[str]) -> Mapping[str, Shown]:
    """Renders as the api shows them, for the watch."""
    async with desk.database.transaction() as session:
        rows = await service.by_id(session, ids)
    return await shown_rows(desk, rows)


async def shown_rows(desk: RenderDesk, rows: Sequence[Render]) -> dict[str, Shown]:
    found = await progress.read_many(desk.reader, [row.id for row in rows])
    return {
        row.id: Shown(
            msgspec.json.encode(service.view(row, found.get(row.id))), row.state in jobs.OVER
        )
        for row in rows
    }
