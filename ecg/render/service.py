"""Renders in PostgreSQL; every query names the owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import column, delete, func, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.captions.scenario import Scenario
from ecg.kernel import jobs
from ecg.kernel.attempts import Trouble
from ecg.kernel.database import utc_now
from ecg.kernel.errors import InputRefused, NotFound
from ecg.kernel.problems import Problem, problem_of
from ecg.media.info import VideoFacts
from ecg.render.formats import (
    FASTEST,
    LEAST_HEIGHT,
    MOST_HEIGHT,
    RATE_PATTERN,
    SLOWEST,
    Format,
    frame_rate,
)
from ecg.render.interfaces import OwnFont, Quality, RenderJob, RenderRequest
from ecg.render.models import Font, IdempotencyKey, Render
from ecg.render.progress import Progress

SECONDS_PER_SECOND = 60
"""Wall seconds that an attempt may take for each second of video, on the slowest machine."""

LEAST_TIMEOUT = 900
_USERS = table("users", column("id"))
KEY_KEPT = timedelta(hours=24)


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``format``: ``mp4`` is the video with its captions, the others are the captions alone on
    transparency. ``quality``: how hard the encoder works; left out, the server's default. ``height`` in
    pixels as the picture is shown, even; ``fps`` a number or a fraction like "30000/1001". Left
    out, both are the source's own."""

    format: Annotated[Format, Meta(examples=["mp4"])] = "mp4"
    quality: Annotated[Quality, Meta(examples=["standard"])] | None = None
    height: (
        Annotated[int, Meta(ge=LEAST_HEIGHT, le=MOST_HEIGHT, multiple_of=2, examples=[720])] | None
    ) = None
    fps: (
        Annotated[float, Meta(ge=SLOWEST, le=FASTEST, examples=[25])]
        | Annotated[str, Meta(pattern=RATE_PATTERN, examples=["30000/1001"])]
        | None
    ) = None


class RenderSteps(msgspec.Struct, frozen=True):
    """``frame`` of ``total`` frames encoded, ``fps`` per second, ``speed`` × real time, ``eta``
    seconds left."""

    stage: str
    frame: int
    total: int
    fps: float
    speed: float
    eta: float | None


class ResultFacts(msgspec.Struct, frozen=True):
    """Of the finished file: bytes, seconds, pixels; one sentence for each thing of the source
    that it does not have."""

    size: int
    duration: float
    width: int
    height: int
    notes: tuple[str, ...] = ()


class RenderView(msgspec.Struct, frozen=True):
    id: str
    video_id: str
    state: jobs.JobState
    progress: RenderSteps | None
    output: Output
    error: Problem | None
    result: ResultFacts | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


async def insert_render(  # noqa: PLR0913, PLR0917 - what a render is made of
    session: AsyncSession,
    owner_id: str,
    video: VideoFacts,
    scenario: Scenario,
    fonts: tuple[OwnFont, ...],
    output: Output,
    quality: Quality,
    render_id: str,
) -> Render:
    """Inserts a pending render and tells the dispatchers."""
    job = RenderJob(
        scenario,
        format=output.format,
        quality=output.quality or quality,
        height=output.height,
        fps=None if output.fps is None else str(frame_rate(output.fps)),
        fonts=fonts,
    )
    request = RenderRequest(video_id=video.id, size=video.size, job=job)
    timeout = LEAST_TIMEOUT + duration_of(video) * SECONDS_PER_SECOND
    row = Render(
        output=msgspec.to_builtins(output),
        **jobs.job_values(owner_id, video.id, request, timeout) | {"id": render_id},
    )
    session.add(row)
    await session.flush()
    await jobs.announce(session, Render)
    return row


def duration_of(video: VideoFacts) -> float:
    return video.media.duration if video.media else 0.0


async def claim_key(
    session: AsyncSession, owner_id: str, key: str, body_hash: str, render_id: str
) -> str:
    """The id of the render that this ``Idempotency-Key`` stands for: ``render_id`` where it is
    new. Two requests at once wait for each other here. Raises ``InputRefused`` where it was
    used with another body."""
    now = utc_now()
    old = delete(IdempotencyKey).where(
        IdempotencyKey.owner_id == owner_id, IdempotencyKey.created_at < now - KEY_KEPT
    )
    await session.execute(old)
    await session.execute(
        insert(IdempotencyKey)
        .values(
            owner_id=owner_id, key=key, body_hash=body_hash, render_id=render_id, created_at=now
        )
        .on_conflict_do_nothing()
    )
    kept = await session.get_one(IdempotencyKey, (owner_id, key))
    if kept.body_hash != body_hash:
        raise InputRefused(
            "this Idempotency-Key was used within 24 hours with another body; take a new one"
        )
    return kept.render_id


async def get_render(session: AsyncSession, owner_id: str, render_id: str) -> Render:
    """Raises ``NotFound``."""
    statement = select(Render).where(Render.id == render_id, Render.owner_id == owner_id)
    row = await session.scalar(statement)
    if row is None:
        raise NotFound(f"you have no render {render_id}")
    return row


async def list_renders(
    session: AsyncSession, owner_id: str, cursor: str | None, limit: int
) -> Sequence[Render]:
    """Newest first, those older than ``cursor``."""
    statement = select(Render).where(Render.owner_id == owner_id)
    if cursor is not None:
        statement = statement.where(Render.id < cursor)
    return (await session.scalars(statement.order_by(Render.id.desc()).limit(limit))).all()


async def lock_account(session: AsyncSession, owner_id: str) -> None:
    """Until the transaction ends nobody else has it: for what is counted and then added to. Raises
    ``NotFound``."""
    # a statement of its own, so that the next sees what the lock's former holder committed
    account = select(_USERS.c.id).where(_USERS.c.id == owner_id).with_for_update(key_share=True)
    if await session.scalar(account) is None:
        raise NotFound("no such account")


async def font_keys(session: AsyncSession, owner_id: str) -> dict[str, str]:
    """Where in the store each of the owner's fonts is, by its id."""
    rows = await session.execute(
        select(Font.id, Font.key).where(Font.owner_id == owner_id, Font.key.is_not(None))
    )
    return {row.id: row.key for row in rows}


async def latest_of(
    session: AsyncSession, owner_id: str, video_ids: Sequence[str]
) -> dict[str, Render]:
    """The newest render of each video that has one."""
    newest = (
        select(func.max(Render.id))
        .where(Render.owner_id == owner_id, Render.video_id.in_(video_ids))
        .group_by(Render.video_id)
    )
    found = await session.scalars(select(Render).where(Render.id.in_(newest)))
    return {row.video_id: row for row in found}


async def by_id(session: AsyncSession, ids: Sequence[str]) -> Sequence[Render]:
    """Rows whoever owns them; for streams that were opened by their owner."""
    return (await session.scalars(select(Render).where(Render.id.in_(ids)))).all()


async def remove(session: AsyncSession, owner_id: str, video_id: str) -> dict[str, str]:
    """Removes a video's renders; returns the state of each by its id."""
    rows = await session.execute(
        delete(Render)
        .where(Render.owner_id == owner_id, Render.video_id == video_id)
        .returning(Render.id, Render.state)
    )
    return {row.id: row.state for row in rows}


def view(row: Render, progress: Progress | None) -> RenderView:
    """``progress``: what the worker last wrote, if it is known."""
    steps = None
    if progress is not None and row.state not in {"pending", "queued"}:
        done = row.state == "succeeded"
        steps = RenderSteps(
            stage="finish" if done else progress.stage,
            frame=progress.total if done else progress.frame,
            total=progress.total,
            fps=progress.fps,
            speed=progress.speed,
            eta=0.0 if done else progress.eta,
        )
    error = None if row.error is None else msgspec.convert(row.error, Trouble)
    return RenderView(
        id=row.id,
        video_id=row.video_id,
        state=_literal(row.state),
        progress=steps,
        output=msgspec.convert(row.output, Output),
        error=None if error is None else problem_of(error.error(), row.trace),
        result=None if row.result is None else msgspec.convert(row.result, ResultFacts),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _literal(state: str) -> Any:
    return state
