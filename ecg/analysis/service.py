"""Analyses, transcripts and scenarios in PostgreSQL; every query names the owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.analysis.interfaces import (
    PROBE_SECONDS,
    AnalysisJob,
    AnalysisRequest,
    analysis_seconds,
)
from ecg.analysis.languages import language_code
from ecg.analysis.models import Analysis, Realignment, StoredScenario
from ecg.analysis.progress import Progress
from ecg.analysis.script import read_script
from ecg.analysis.terms import read_term
from ecg.captions.document import decode
from ecg.captions.scenario import DECODER, Scenario
from ecg.kernel import jobs
from ecg.kernel.attempts import Trouble, fetch_seconds
from ecg.kernel.database import utc_now
from ecg.kernel.errors import (
    Conflict,
    FieldError,
    InputRefused,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RequestInvalid,
)
from ecg.kernel.problems import Problem, problem_of
from ecg.kernel.settings import AnalysisSettings, LimitSettings
from ecg.media.info import VideoFacts, VideoLimits


class AnalysisView(msgspec.Struct, frozen=True):
    """``progress`` 0 to 1 over all stages; ``stage`` is where the work is. ``language``: what was
    heard, ISO 639-1."""

    id: str
    video_id: str
    state: jobs.JobState
    progress: float
    stage: str | None
    engine: str
    model: str
    language: str | None
    error: Problem | None
    created_at: datetime
    finished_at: datetime | None


async def start(  # noqa: PLR0913, PLR0917 - settings and limits are bound by the joiner
    session: AsyncSession,
    owner_id: str,
    video: VideoFacts,
    language: str | None,
    speakers: int | None,
    script: str | None = None,
    terms: Sequence[str] = (),
    *,
    settings: AnalysisSettings,
    limits: LimitSettings,
) -> str:
    """Inserts an analysis of ``video`` and returns its id. Raises ``RequestInvalid`` for what
    cannot be asked, ``Conflict`` while another analysis of it is unfinished."""
    # two requests at once wait for each other, so that the second sees the first's row
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(video.id, 0))))
    unfinished = select(Analysis.id).where(
        Analysis.video_id == video.id, Analysis.state.not_in(jobs.OVER)
    )
    if await session.scalar(unfinished) is not None:
        raise Conflict("this video is being analysed already; cancel that first or wait")
    job = AnalysisJob(
        model=settings.model,
        language=check_language(language),
        speakers=speakers,
        threads=settings.threads,
        engine=settings.engine,
        script=script,
        terms=tuple(terms),
    )
    request = AnalysisRequest(
        video_id=video.id,
        size=video.size,
        limits=VideoLimits(limits.video_seconds, limits.video_pixels),
        job=job,
    )
    # of a video that nobody has looked into yet, narrowed once its duration is known
    longest = video.media.duration if video.media else limits.video_seconds
    timeout = fetch_seconds(video.size) + PROBE_SECONDS + analysis_seconds(longest)
    row = Analysis(model=settings.model, **jobs.job_values(owner_id, video.id, request, timeout))
    session.add(row)
    await jobs.announce(session, Analysis)
    return row.id


def check_language(language: str | None) -> str | None:
    """Its ISO 639 code. Raises ``RequestInvalid`` for one that cannot be heard."""
    if language is None:
        return None
    try:
        return language_code(language)
    except InputRefused as error:
        raise RequestInvalid(error.message, (FieldError("$.language", error.message),)) from None


def check_texts(script: str | None, terms: Sequence[str]) -> None:
    """Raises ``RequestInvalid`` for a script or a term that cannot be used. Takes processor time."""
    given: list[tuple[str, Callable[[str], object], str]] = [
        (f"$.terms[{index}]", read_term, term) for index, term in enumerate(terms)
    ]
    if script is not None:
        given.append(("$.script", read_script, script))
    for path, read, text in given:
        try:
            read(text)
        except InputRefused as error:
            fault = FieldError(path, error.message)
            raise RequestInvalid(f"{path}: {error.message}", (fault,)) from None


async def latest(session: AsyncSession, owner_id: str, video_id: str) -> Analysis:
    """The newest analysis of the owner's video. Raises ``NotFound``."""
    found = await latest_of(session, owner_id, [video_id])
    if video_id not in found:
        raise NotFound(f"you have no analysis of a video {video_id}")
    return found[video_id]


async def latest_of(
    session: AsyncSession, owner_id: str, video_ids: Sequence[str]
) -> dict[str, Analysis]:
    """The newest analysis of each video that has one."""
    newest = (
        select(func.max(Analysis.id))
        .where(Analysis.owner_id == owner_id, Analysis.video_id.in_(video_ids))
        .group_by(Analysis.video_id)
    )
    found = await session.scalars(select(Analysis).where(Analysis.id.in_(newest)))
    return {row.video_id: row for row in found}


async def by_id(session: AsyncSession, ids: Sequence[str]) -> Sequence[Analysis]:
    """Rows whoever owns them; for streams that were opened by their owner."""
    return (await session.scalars(select(Analysis).where(Analysis.id.in_(ids)))).all()


def view(row: Analysis, progress: Progress | None) -> AnalysisView:
    """``progress``: what the worker last wrote, if it is known."""
    over = row.state in jobs.OVER
    current = progress if progress is not None and row.state == "running" else None
    error = None if row.error is None else msgspec.convert(row.error, Trouble)
    return AnalysisView(
        id=row.id,
        video_id=row.video_id,
        state=_literal(row.state),
        progress=1.0 if row.state == "succeeded" else current.progress if current else 0.0,
        stage=current.stage if current and not over else None,
        engine="faster-whisper",
        model=row.model,
        language=row.language,
        error=None if error is None else problem_of(error.error(), row.trace),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


async def read_latest_transcript(session: AsyncSession, owner_id: str, video_id: str) -> bytes:
    """The document of the newest analysis that succeeded. Raises ``NotFound``."""
    statement = (
        select(Analysis.transcript)
        .where(
            Analysis.owner_id == owner_id,
            Analysis.video_id == video_id,
            Analysis.transcript.is_not(None),
        )
        .order_by(Analysis.id.desc())
        .limit(1)
    )
    document = await session.scalar(statement)
    if document is None:
        raise NotFound("this video has no transcript (yet)")
    return document


async def find_succeeded(session: AsyncSession, owner_id: str, video_id: str) -> tuple[str, int]:
    """Id and attempt of the newest analysis that succeeded. Raises ``NotFound``."""
    statement = (
        select(Analysis.id, Analysis.attempt)
        .where(
            Analysis.owner_id == owner_id,
            Analysis.video_id == video_id,
            Analysis.state == "succeeded",
        )
        .order_by(Analysis.id.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound("this video has no contour (yet)")
    return row.id, row.attempt


async def read_stored(
    session: AsyncSession, owner_id: str, video_id: str, *, lock: bool = False
) -> StoredScenario | None:
    statement = select(StoredScenario).where(
        StoredScenario.owner_id == owner_id, StoredScenario.video_id == video_id
    )
    return await session.scalar(statement.with_for_update() if lock else statement)


async def stored_scenario(session: AsyncSession, owner_id: str, video_id: str) -> Scenario:
    """The scenario as it stands. Raises ``NotFound``."""
    row = await read_stored(session, owner_id, video_id)
    if row is None:
        raise NotFound("this video has no scenario yet; it gets one with its transcript")
    return await asyncio.to_thread(scenario_of, row)


def scenario_of(row: StoredScenario) -> Scenario:
    """What was checked when it was stored; of any size."""
    return decode(row.document, DECODER)


async def store_scenario(
    session: AsyncSession,
    owner_id: str,
    video_id: str,
    scenario: Scenario,
    expected: str | None,
) -> StoredScenario:
    """Stores a new version. ``expected`` is the caller's ``If-Match``: an ETag, ``*``, or
    ``None`` where there is none yet. Raises ``PreconditionRequired``, ``PreconditionFailed``."""
    row = await read_stored(session, owner_id, video_id, lock=True)
    if row is None:
        if expected not in {None, "*"}:
            raise PreconditionFailed("there is no scenario yet; leave out If-Match")
        if await store_first(session, owner_id, video_id, scenario):
            row = await read_stored(session, owner_id, video_id)
            assert row is not None
            return row
        row = await read_stored(session, owner_id, video_id, lock=True)
        assert row is not None  # another request has stored it just now
    if expected is None:
        raise PreconditionRequired(
            "say by If-Match which version you change: the ETag that you got it with"
        )
    if not {"*", etag(row)} & {part.strip() for part in expected.split(",")}:
        raise PreconditionFailed("it was changed meanwhile; get it again and repeat your change")
    row.version += 1
    row.document = msgspec.json.encode(scenario)
    row.updated_at = utc_now()
    return row


async def store_first(
    session: AsyncSession, owner_id: str, video_id: str, scenario: Scenario
) -> bool:
    """Stores what was composed of a new transcript, unless there is a scenario: that one may
    hold somebody's work. Returns whether it was stored."""
    stored = await session.scalar(
        insert(StoredScenario)
        .values(
            video_id=video_id,
            owner_id=owner_id,
            version=1,
            document=msgspec.json.encode(scenario),
            updated_at=utc_now(),
        )
        .on_conflict_do_nothing()
        .returning(StoredScenario.video_id)
    )
    return stored is not None


async def remove(session: AsyncSession, owner_id: str, video_id: str) -> dict[str, str]:
    """Removes a video's analyses; returns the state of each, and of what was to be timed anew, by its id."""
    rows = await session.execute(
        delete(Analysis)
        .where(Analysis.owner_id == owner_id, Analysis.video_id == video_id)
        .returning(Analysis.id, Analysis.state)
    )
    windows = await session.execute(
        delete(Realignment)
        .where(Realignment.owner_id == owner_id, Realignment.video_id == video_id)
        .returning(Realignment.id, Realignment.state)
    )
    return {row.id: row.state for row in (*rows, *windows)}


def etag(row: StoredScenario) -> str:
    return f'"{row.version}"'


def _literal(state: str) -> Any:
    return state
