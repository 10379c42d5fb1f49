"""What the analysis desk does beyond one query: reports that come in, URLs that go out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog
from prometheus_client import Counter
from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.analysis import progress, service
from ecg.analysis.interfaces import (
    BACKDROP,
    CONTOUR,
    POSTER,
    PROBE_SECONDS,
    TRANSCRIPT,
    Analysed,
    AnalysisFailed,
    AnalysisReport,
    Probed,
    Realigned,
    Refused,
    analysis_seconds,
)
from ecg.analysis.models import Analysis, Realignment
from ecg.captions.backdrop import Backdrop, read_backdrop
from ecg.captions.compose import Rules, compose
from ecg.captions.scenario import Scenario
from ecg.captions.styles import Style, load_style
from ecg.captions.transcript import Transcript, read_transcript
from ecg.kernel import jobs
from ecg.kernel.attempts import Attempt, SignedPair, Submitter, Trouble, fetch_seconds
from ecg.kernel.database import Database
from ecg.kernel.errors import Conflict, EcgError, InputRefused, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.leftovers import remove_now
from ecg.kernel.settings import AnalysisSettings, LimitSettings
from ecg.kernel.storage import Store
from ecg.kernel.watch import Shown, Watch
from ecg.media.info import MediaInfo, VideoFacts

DONE = Counter("ecg_analysis_outcomes_total", "Analyses that ended", ["outcome"])

SOURCE = "source"
_WRITES = {
    POSTER: "image/jpeg",
    TRANSCRIPT: "application/json",
    CONTOUR: "application/octet-stream",
    BACKDROP: "application/octet-stream",
}
_TRANSCRIPT_LIMIT = 64 << 20
_CONTOUR_LIMIT = 64 << 20
_BACKDROP_LIMIT = 16 << 20


class AnalysisDesk(msgspec.Struct, frozen=True):
    """What other features do for this one is given as callables, each in the caller's
    transaction."""

    database: Database
    store: Store
    reader: Redis
    submitter: Submitter
    settings: AnalysisSettings
    limits: LimitSettings
    style: str
    watch: Watch
    find_video: Callable[[AsyncSession, str, str], Awaitable[VideoFacts]]
    set_facts: Callable[[AsyncSession, str, MediaInfo, str | None], Awaitable[None]]
    refuse: Callable[[AsyncSession, str, Trouble], Awaitable[str]]
    notify: Callable[[AsyncSession, str, str, object], Awaitable[None]]


async def begin(desk: AnalysisDesk, job_id: str) -> Attempt:
    """Gives out the next attempt of an analysis."""
    async with desk.database.transaction() as session:
        return await jobs.begin(session, await _table(session, job_id), job_id)


async def _table(session: AsyncSession, job_id: str) -> type[Analysis | Realignment]:
    """Where the audio role's job stands. Raises ``NotFound``."""
    for table in (Analysis, Realignment):
        if await session.scalar(select(table.id).where(table.id == job_id)) is not None:
            return table
    raise NotFound(f"no job {job_id}")


async def sign(
    desk: AnalysisDesk, job_id: str, attempt: int, names: Sequence[str]
) -> dict[str, SignedPair]:
    """URLs of what an attempt may read and write. Raises ``InputRefused`` for another name."""
    async with desk.database.transaction() as session:
        table = await _table(session, job_id)
        job = await jobs.check_attempt(session, table, job_id, attempt)
        video = await desk.find_video(session, job.owner_id, job.video_id)
    signed: dict[str, SignedPair] = {}
    for name in names:
        if name == SOURCE:
            signed[name] = SignedPair(get=await desk.store.presign_get(video.key, public=False))
        elif name in _WRITES:
            key = key_of(job_id, attempt, name)
            signed[name] = SignedPair(put=await desk.store.presign_put(key, public=False))
        else:
            known = ", ".join((SOURCE, *_WRITES))
            raise InputRefused(f'an analysis has no object "{name}"; it has {known}')
    return signed


def key_of(job_id: str, attempt: int, name: str) -> str:
    return f"analyses/{job_id}/{attempt}/{name}"


async def receive(desk: AnalysisDesk, report_id: str, report: AnalysisReport) -> None:
    """Gives a report its effect, once; a late or repeated one has none."""
    match report.event:
        case Probed():
            await _probed(desk, report_id, report, report.event)
        case Realigned(words):
            async with desk.database.transaction() as session:
                if await jobs.first_time(session, report_id):
                    await jobs.finish(
                        session, Realignment, report.id, report.attempt, state="succeeded",
                        words=msgspec.to_builtins(words),
                    )  # fmt: skip
        case Analysed():
            await _analysed(desk, report_id, report, report.event)
        case Refused(trouble) | AnalysisFailed(trouble):
            await _ended(
                desk, report_id, report, trouble, refused=isinstance(report.event, Refused)
            )


async def _probed(
    desk: AnalysisDesk, report_id: str, report: AnalysisReport, event: Probed
) -> None:
    async with desk.database.transaction() as session:
        if not await jobs.first_time(session, report_id):
            return
        try:
            job = await jobs.check_attempt(session, Analysis, report.id, report.attempt)
        except (Conflict, NotFound):
            return
        longest = fetch_seconds(event.media.size) + PROBE_SECONDS
        job.timeout = int(longest + analysis_seconds(event.media.duration))
        poster = event.poster and key_of(report.id, report.attempt, POSTER)
        await desk.set_facts(session, job.video_id, event.media, poster)


async def _analysed(
    desk: AnalysisDesk, report_id: str, report: AnalysisReport, event: Analysed
) -> None:
    async with desk.database.transaction() as session:
        try:
            job = await jobs.check_attempt(session, Analysis, report.id, report.attempt)
            video = await desk.find_video(session, job.owner_id, job.video_id)
        except (Conflict, NotFound):
            return
    try:
        data, transcript = await _transcript(desk, report, event)
    except (InputRefused, NotFound) as error:
        trouble = Trouble("engine_failed", f"the transcript cannot be used: {error.message}")
        await _ended(desk, report_id, report, trouble, refused=False)
        return
    scenario = await asyncio.to_thread(
        composed, transcript, video.media, load_style(desk.style), 1.0, Rules()
    )
    async with desk.database.transaction() as session:
        if not await jobs.first_time(session, report_id):
            return
        row = await jobs.finish(
            session, Analysis, report.id, report.attempt, state="succeeded",
            transcript=data, language=transcript.language, seconds=event.seconds,
        )  # fmt: skip
        if row is None:
            return
        await service.store_first(session, row.owner_id, row.video_id, scenario)
        shown = service.view(row, None)
        await desk.notify(session, row.owner_id, "analysis.succeeded", shown)
    _over(desk, row, "succeeded")


async def _transcript(
    desk: AnalysisDesk, report: AnalysisReport, event: Analysed
) -> tuple[bytes, Transcript]:
    key = key_of(report.id, report.attempt, TRANSCRIPT)
    data = await desk.store.read(key, _TRANSCRIPT_LIMIT)
    if hashlib.sha256(data).hexdigest() != event.transcript.sha256:
        raise InputRefused("what is in the store is not what was reported")
    return data, await asyncio.to_thread(read_transcript, data)


async def read_contour(desk: AnalysisDesk, owner_id: str, video_id: str) -> bytes:
    """F0 and loudness of the newest analysis that succeeded. Raises ``NotFound``."""
    async with desk.database.transaction() as session:
        await desk.find_video(session, owner_id, video_id)
        job_id, attempt = await service.find_succeeded(session, owner_id, video_id)
    try:
        return await desk.store.read(key_of(job_id, attempt, CONTOUR), _CONTOUR_LIMIT)
    except NotFound:
        raise NotFound(
            "this video was analysed before contours were kept; analyse it anew"
        ) from None


async def find_backdrop(desk: AnalysisDesk, owner_id: str, video_id: str) -> Backdrop | None:
    """What the picture looks like behind the captions, as the newest analysis that succeeded saw it;
    ``None`` where that kept none."""
    try:
        async with desk.database.transaction() as session:
            job_id, attempt = await service.find_succeeded(session, owner_id, video_id)
        data = await desk.store.read(key_of(job_id, attempt, BACKDROP), _BACKDROP_LIMIT)
        return await asyncio.to_thread(read_backdrop, data)
    except (NotFound, InputRefused):
        return None


async def _ended(
    desk: AnalysisDesk,
    report_id: str,
    report: AnalysisReport,
    trouble: Trouble,
    *,
    refused: bool,
) -> None:
    left: list[str] = []
    async with desk.database.transaction() as session:
        if not await jobs.first_time(session, report_id):
            return
        row = await jobs.finish(
            session, Analysis, report.id, report.attempt, state="failed", trouble=trouble
        )
        if row is None:
            await jobs.finish(
                session, Realignment, report.id, report.attempt, state="failed", trouble=trouble
            )
            return
        if refused:
            left.append(await desk.refuse(session, row.video_id, trouble))
        await desk.notify(session, row.owner_id, "analysis.failed", service.view(row, None))
    _over(desk, row, "refused" if refused else "failed")
    await remove_now(desk.store, left)


async def give_up(desk: AnalysisDesk, job_id: str, attempt: int, trouble: Trouble) -> None:
    """Fails a job that no worker could end."""
    report = AnalysisReport(job_id, attempt, AnalysisFailed(trouble))
    await _ended(desk, new_id(), report, trouble, refused=False)


async def stop(desk: AnalysisDesk, job_ids: Sequence[str]) -> None:
    """Tells the role; where it does not answer, its worker learns it at its next question."""
    for job_id in job_ids:
        try:
            await desk.submitter.cancel(job_id)
        except EcgError as error:
            structlog.get_logger("ecg.analysis").warning("cancel", reason=error.message)


async def shown_of(desk: AnalysisDesk, ids: Sequence[str]) -> Mapping[str, Shown]:
    """Analyses as the api shows them, for the watch."""
    async with desk.database.transaction() as session:
        rows = await service.by_id(session, ids)
    return await shown_rows(desk, rows)


async def shown_rows(desk: AnalysisDesk, rows: Sequence[Analysis]) -> dict[str, Shown]:
    found = await progress.read_many(desk.reader, [row.id for row in rows])
    return {
        row.id: Shown(
            msgspec.json.encode(service.view(row, found.get(row.id))), row.state in jobs.OVER
        )
        for row in rows
    }


def composed(
    transcript: Transcript,
    media: MediaInfo | None,
    style: Style,
    strength: float,
    rules: Rules,
) -> Scenario:
    """A scenario that ends with its video. Raises nothing; takes processor time."""
    if media is None or not media.video:
        return compose(transcript, style, strength=strength, rules=rules)
    picture = media.video[0]
    scenario = compose(
        transcript, style, strength=strength, rules=rules,
        size=picture.shown_size, fps=picture.rate,
    )  # fmt: skip
    return _within(scenario, picture.duration or media.duration)


def _within(scenario: Scenario, duration: float) -> Scenario:
    """Sound may outlast the picture by a little: what is said there cannot be shown later."""
    cues = [cue for cue in scenario.cues if cue.start < duration]
    for index, cue in enumerate(cues):
        if cue.end > duration:
            words = tuple(
                msgspec.structs.replace(word, end=min(word.end, duration))
                for word in cue.words
                if word.start < duration
            )
            cues[index] = msgspec.structs.replace(cue, end=duration, words=words)
    return msgspec.structs.replace(scenario, cues=tuple(cues))


def _over(desk: AnalysisDesk, row: Analysis, outcome: str) -> None:
    DONE.labels(outcome).inc()
    desk.watch.forget(row.owner_id, row.id)
