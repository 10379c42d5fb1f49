"""The desks of an api process: what each needs of the others, handed over as callables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.analysis import progress as analysis_progress
from ecg.analysis import service as analyses
from ecg.analysis.desk import AnalysisDesk
from ecg.analysis.models import Analysis
from ecg.hooks import service as hook_service
from ecg.kernel import jobs, ratelimit
from ecg.kernel.attempts import Submitter
from ecg.kernel.database import Database
from ecg.kernel.errors import NotFound, Unavailable
from ecg.kernel.redis import ping
from ecg.kernel.settings import Settings
from ecg.kernel.storage import Store
from ecg.kernel.watch import Watch
from ecg.render import progress as render_progress
from ecg.render import service as renders
from ecg.render.desk import RenderDesk, segments_of
from ecg.render.models import Render
from ecg.uploads import service as videos
from ecg.uploads.routes import UploadDesk
from ecg.usage import service as ledger


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
        refuse=videos.refuse,
        notify=hook_service.notify,
    )


def make_render_desk(
    settings: Settings, database: Database, store: Store, reader: Redis, submitter: Submitter
) -> RenderDesk:
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
    )


def make_upload_desk(
    settings: Settings, database: Database, store: Store, desks: Desks
) -> UploadDesk:
    async def newest_analyses(session: AsyncSession, owner: str, ids: Sequence[str]) -> Any:
        rows = await analyses.latest_of(session, owner, ids)
        found = await analysis_progress.read_many(
            desks.analysis.reader, [row.id for row in rows.values()]
        )
        return {video: analyses.view(row, found.get(row.id)) for video, row in rows.items()}

    async def newest_renders(session: AsyncSession, owner: str, ids: Sequence[str]) -> Any:
        rows = await renders.latest_of(session, owner, ids)
        found = await render_progress.read_many(
            desks.render.reader, [row.id for row in rows.values()]
        )
        return {video: renders.view(row, found.get(row.id)) for video, row in rows.items()}

    return UploadDesk(
        database=database,
        store=store,
        limits=settings.limits,
        start_analysis=partial(analyses.start, settings=settings.analysis, limits=settings.limits),
        analyses=newest_analyses,
        renders=newest_renders,
        reserve=partial(ledger.reserve_upload, limits=settings.limits),
        charge=ledger.charge_upload,
        release=ledger.release_upload,
        on_delete=_on_delete,
    )


async def _on_delete(session: AsyncSession, owner_id: str, video_id: str) -> list[str]:
    """What goes with a video: its jobs, whose workers find them gone at their next question."""
    ended = await renders.remove(session, owner_id, video_id)
    for render_id in ended:
        await ledger.settle_render(session, render_id, False)  # charged ones stay charged
    heard = await analyses.remove(session, owner_id, video_id)
    return [
        *(f"renders/{job}/" for job in ended),
        *(f"analyses/{job}/" for job in heard),
        segments_of(owner_id, video_id),
    ]


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
