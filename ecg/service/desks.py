"""The desks of an api process: what each needs of the others, handed over as callables."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from ecg import roles
from ecg.analysis import desk as analysis_desk
from ecg.analysis import progress as analysis_progress
from ecg.analysis import service as analyses
from ecg.analysis.desk import AnalysisDesk
from ecg.analysis.models import Analysis
from ecg.captions.fonts import FontFace
from ecg.hooks import service as hook_service
from ecg.kernel import jobs, ratelimit
from ecg.kernel.attempts import Submitter, Trouble
from ecg.kernel.database import Database
from ecg.kernel.errors import NotFound, Unavailable
from ecg.kernel.redis import ping
from ecg.kernel.settings import Settings
from ecg.kernel.storage import Store
from ecg.kernel.watch import Watch
from ecg.render import desk as render_desk
from ecg.render import progress as render_progress
from ecg.render import service as renders
from ecg.render.desk import RenderDesk, segments_of
from ecg.render.models import Render
from ecg.uploads import service as videos
from ecg.uploads.desk import Ended, UploadDesk
from ecg.uploads.views import Newest
from ecg.usage import service as ledger

FONTS_AT_ONCE = 2
"""Fonts that an api process reads at a time, each in a process of its own."""


class Desks(msgspec.Struct, frozen=True):
    """The two desks of an api process, which workers in the same process call directly."""

    analysis: AnalysisDesk
    render: RenderDesk


def make_analysis_desk(
    settings: Settings, database: Database, store: Store, reader: Redis, submitter: Submitter
) -> AnalysisDesk:
    return AnalysisDesk(
        database=database,
        store=store,
        reader=reader,
        submitter=submitter,
        settings=settings.analysis,
        limits=settings.limits,
        style=settings.render.style,
        watch=Watch("analysis"),
        find_video=videos.find_video,
        set_facts=videos.set_facts,
        refuse=refuse,
        notify=hook_service.notify,
    )


def make_render_desk(
    settings: Settings, database: Database, store: Store, reader: Redis, submitter: Submitter
) -> RenderDesk:
    gate = asyncio.Semaphore(FONTS_AT_ONCE)

    async def read_font(data: bytes) -> FontFace:
        async with gate:
            return await roles.read_font(settings, data)

    async def hit(owner_id: str, limit: int) -> tuple[int, int]:
        return await ratelimit.hit(database, f"renders:{owner_id}", limit)

    return RenderDesk(
        database=database,
        store=store,
        reader=reader,
        submitter=submitter,
        limits=settings.limits,
        quality=settings.render.quality,
        watch=Watch("render"),
        find_video=videos.find_video,
        stored_scenario=analyses.stored_scenario,
        reserve=partial(ledger.reserve_render, limits=settings.limits),
        settle=ledger.settle_render,
        notify=hook_service.notify,
        hit=hit,
        read_font=read_font,
    )


def make_upload_desk(
    settings: Settings, database: Database, store: Store, desks: Desks
) -> UploadDesk:
    return UploadDesk(
        database=database,
        store=store,
        limits=settings.limits,
        check_language=analyses.check_language,
        check_texts=analyses.check_texts,
        start_analysis=partial(analyses.start, settings=settings.analysis, limits=settings.limits),
        newest=partial(_newest, desks),
        reserve=partial(ledger.reserve_upload, limits=settings.limits),
        charge=ledger.charge_upload,
        release=ledger.release_upload,
        on_delete=partial(_on_delete, desks),
    )


async def refuse(session: AsyncSession, video_id: str, trouble: Trouble) -> str:
    """As ``videos.refuse``; the bytes that the account uploaded for it are given back."""
    for upload_id in await videos.uploads_of(session, video_id):
        await ledger.refund_upload(session, upload_id)
    return await videos.refuse(session, video_id, trouble)


async def _newest(
    desks: Desks, session: AsyncSession, owner: str, ids: Sequence[str]
) -> Callable[[], Awaitable[Newest]]:
    heard = await analyses.latest_of(session, owner, ids)
    drawn = await renders.latest_of(session, owner, ids)

    async def shown() -> Newest:
        hearing = await analysis_progress.read_many(
            desks.analysis.reader, [row.id for row in heard.values()]
        )
        drawing = await render_progress.read_many(
            desks.render.reader, [row.id for row in drawn.values()]
        )
        return Newest(
            {video: analyses.view(row, hearing.get(row.id)) for video, row in heard.items()},
            {video: renders.view(row, drawing.get(row.id)) for video, row in drawn.items()},
        )

    return shown


async def _on_delete(desks: Desks, session: AsyncSession, owner_id: str, video_id: str) -> Ended:
    drawn = await renders.remove(session, owner_id, video_id)
    for render_id in drawn:
        await ledger.settle_render(session, render_id, False)  # charged ones stay charged
    heard = await analyses.remove(session, owner_id, video_id)

    async def stop() -> None:
        await analysis_desk.stop(desks.analysis, _at_work(heard))
        await render_desk.stop(desks.render, _at_work(drawn))

    prefixes = [
        *(f"renders/{job}/" for job in drawn),
        *(f"analyses/{job}/" for job in heard),
        segments_of(owner_id, video_id),
    ]
    return Ended(prefixes, stop)


def _at_work(states: Mapping[str, str]) -> list[str]:
    return [job_id for job_id, state in states.items() if state not in jobs.OVER]


async def retry(session: AsyncSession, job_id: str) -> None:
    for table in (Analysis, Render):
        if await jobs.retry(session, table, job_id):
            return
    raise NotFound(f"there is no job {job_id}")


def signs_of(
    progress: Any, reader: Redis
) -> Callable[[Sequence[str]], Awaitable[dict[str, float]]]:
    async def signs(ids: Sequence[str]) -> dict[str, float]:
        try:
            await ping(reader)  # what is read of an absent Redis looks as if nobody worked
        except RedisError as error:
            raise Unavailable("Redis does not answer just now") from error
        found = await progress.read_many(reader, ids)
        return {job_id: each.at for job_id, each in found.items()}

    return signs
