"""Words that an editor changed, to be timed anew: the api's side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.analysis.interfaces import (
    PROBE_SECONDS,
    RealignedWord,
    RealignJob,
    RealignRequest,
)
from ecg.analysis.models import Realignment
from ecg.captions.transcript import MAX_TEXT, Transcript
from ecg.kernel import jobs
from ecg.kernel.attempts import Trouble, fetch_seconds
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Conflict, FieldError, NotFound, RequestInvalid
from ecg.kernel.problems import Problem, problem_of
from ecg.media.info import VideoFacts

LONGEST = 30.0
"""Seconds of a window."""
MOST_WAITING = 20
KEPT = timedelta(days=1)


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``words`` said from ``start`` to ``end``, in seconds. ``language``: ISO 639-1, else the
    transcript's."""

    start: Annotated[float, Meta(ge=0, examples=[3.2])]
    end: Annotated[float, Meta(ge=0, examples=[5.4])]
    words: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, examples=["ask"])]],
        Meta(min_length=1, max_length=200),
    ]
    language: Annotated[str, Meta(max_length=8, examples=["en"])] | None = None


class RealignView(msgspec.Struct, frozen=True):
    """``words``: one for each that was given, in order, once ``state`` is ``succeeded``."""

    id: str
    video_id: str
    state: jobs.JobState
    words: list[RealignedWord] | None
    error: Problem | None
    created_at: datetime


def job_of(window: Window, transcript: Transcript, language: str | None) -> RealignJob:
    """What is to be measured, compared with the speaker that the window has most of. Raises
    ``RequestInvalid``."""
    _check(window, transcript.duration)
    overlaps: dict[str, float] = {}
    for segment in transcript.segments:
        shared = min(segment.end, window.end) - max(segment.start, window.start)
        overlaps[segment.speaker] = overlaps.get(segment.speaker, 0.0) + max(0.0, shared)
    nearest = max(overlaps, key=lambda one: overlaps[one], default=None)
    speaker = next((one for one in transcript.speakers if one.id == nearest), None)
    return RealignJob(
        start=window.start,
        end=min(window.end, transcript.duration),
        words=tuple(window.words),
        language=language or transcript.language,
        level=speaker.loudness_db if speaker else None,
        pitch_hz=speaker.pitch_hz if speaker else None,
    )


def _check(window: Window, duration: float) -> None:
    fault: tuple[str, str] | None = None
    if window.start >= duration:
        fault = "$.start", f"is {window.start:g}; the sound ends at {duration:g} s"
    elif not 0.1 <= window.end - window.start <= LONGEST:
        length = window.end - window.start
        fault = "$.end", f"the window has {length:g} s; it must have 0.1 to {LONGEST:g}"
    for index, word in enumerate(window.words):
        if not word.strip():
            fault = f"$.words[{index}]", "has no letters"
    if fault:
        raise RequestInvalid(f"{fault[0]}: {fault[1]}", (FieldError(*fault),))


async def start(
    session: AsyncSession, owner_id: str, video: VideoFacts, job: RealignJob
) -> Realignment:
    """Inserts a job. Raises ``Conflict`` where too many wait already."""
    own = (Realignment.owner_id == owner_id, Realignment.video_id == video.id)
    old = Realignment.created_at < utc_now() - KEPT
    await session.execute(delete(Realignment).where(*own, old))
    waiting = select(func.count()).where(*own, Realignment.state.not_in(jobs.OVER))
    if (await session.scalar(waiting) or 0) >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} windows of this video wait already; wait for some of them")
    request = RealignRequest(video.id, video.size, job)
    timeout = fetch_seconds(video.size) + PROBE_SECONDS
    row = Realignment(**jobs.job_values(owner_id, video.id, request, timeout))
    session.add(row)
    await jobs.announce(session, Realignment)
    return row


async def find(session: AsyncSession, owner_id: str, video_id: str, job_id: str) -> Realignment:
    """The owner's job. Raises ``NotFound``."""
    found = await session.scalar(
        select(Realignment).where(
            Realignment.id == job_id,
            Realignment.owner_id == owner_id,
            Realignment.video_id == video_id,
        )
    )
    if found is None:
        raise NotFound(f"you have no realignment {job_id} of a video {video_id}")
    return found


def view(row: Realignment) -> RealignView:
    error = None if row.error is None else msgspec.convert(row.error, Trouble)
    state: Any = row.state
    return RealignView(
        id=row.id,
        video_id=row.video_id,
        state=state,
        words=None if row.words is None else msgspec.convert(row.words, list[RealignedWord]),
        error=None if error is None else problem_of(error.error(), row.trace),
        created_at=row.created_at,
    )
