"""``/videos/{id}``: analysis and transcript; the scenario's routes stand beside."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import MediaType, Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from litestar.response import ServerSentEvent
from msgspec import Meta

from ecg.analysis import desk as work
from ecg.analysis import realign, service
from ecg.analysis.captions import HANDLERS
from ecg.analysis.desk import AnalysisDesk
from ecg.analysis.models import Analysis
from ecg.captions.brought import MAX_SCRIPT, MAX_SPEAKERS, MAX_TERM, MAX_TERMS
from ecg.captions.transcript import Transcript
from ecg.captions.transcript import read_transcript as read_transcript_document
from ecg.kernel import jobs
from ecg.kernel.errors import Conflict
from ecg.kernel.watch import Shown
from ecg.kernel.web import Caller, Part

Term = Annotated[str, Meta(max_length=MAX_TERM, examples=["Kubernetes"])]


class NewAnalysis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``language``: ISO 639-1 of what is spoken, else detected. ``script``: the exact wording, as text, SRT
    or VTT. ``terms``: names as they are written."""

    language: Annotated[str, Meta(max_length=8, examples=["en"])] | None = None
    engine: Literal["faster-whisper"] | None = None
    speakers: Annotated[int, Meta(ge=1, le=MAX_SPEAKERS)] | None = None
    script: Annotated[str, Meta(max_length=MAX_SCRIPT)] | None = None
    terms: Annotated[list[Term], Meta(max_length=MAX_TERMS)] = []


@post("/videos/{video_id:uuid}/analysis", status_code=202)
async def start_analysis(
    request: Caller,
    desk: NamedDependency[AnalysisDesk],
    video_id: FromPath[UUID],
    data: JSONBody[NewAnalysis | None] = None,
) -> service.AnalysisView:
    """Analyses a video anew, in another language perhaps. The first analysis starts by itself."""
    owner, wishes = request.user.user_id, data or NewAnalysis()
    await asyncio.to_thread(service.check_texts, wishes.script, wishes.terms)
    async with desk.database.transaction() as session:
        video = await desk.find_video(session, owner, str(video_id))
        if video.state not in {"checking", "ready"}:
            raise Conflict(f"this video is {video.state}; only a whole one can be analysed")
        await service.start(
            session, owner, video, wishes.language, wishes.speakers, wishes.script,
            wishes.terms, settings=desk.settings, limits=desk.limits,
        )  # fmt: skip
        await session.flush()
        row = await service.latest(session, owner, video.id)
    return service.view(row, None)


@get("/videos/{video_id:uuid}/analysis")
async def read_analysis(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> Response[service.AnalysisView]:
    """The newest analysis of a video, with its progress."""
    _, shown = await _latest(desk, request.user.user_id, str(video_id))
    return Response(shown.data, media_type=MediaType.JSON)  # pyright: ignore[reportReturnType] - encoded already


@get(
    "/videos/{video_id:uuid}/analysis/events",
    media_type="text/event-stream",
    answers=service.AnalysisView,
)
async def watch_analysis(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> ServerSentEvent:
    """Server-sent events: `progress` with the whole analysis whenever it changed, then `end`."""
    owner = request.user.user_id
    row, shown = await _latest(desk, owner, str(video_id))
    return desk.watch.stream(owner, row.id, shown)


@delete("/videos/{video_id:uuid}/analysis", status_code=200)
async def cancel_analysis(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> service.AnalysisView:
    """Cancels the newest analysis; one that is over stays as it is."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        row = await service.latest(session, owner, str(video_id))
        closed = await jobs.cancel(session, Analysis, owner, row.id)
        await session.refresh(row)
        if closed:
            await desk.notify(session, owner, "analysis.failed", service.view(row, None))
    if closed:
        desk.watch.forget(owner, row.id)
        work.DONE.labels("cancelled").inc()
        await work.stop(desk, [row.id])
    return service.view(row, None)


@get("/videos/{video_id:uuid}/transcript", answers=Transcript)
async def read_transcript(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> Response[bytes]:
    """What was said, word by word, with times and measurements."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        await desk.find_video(session, owner, str(video_id))
        document = await service.read_latest_transcript(session, owner, str(video_id))
    return Response(document, media_type=MediaType.JSON)


@get("/videos/{video_id:uuid}/contour", media_type="application/octet-stream")
async def read_contour(
    request: Caller, desk: NamedDependency[AnalysisDesk], video_id: FromPath[UUID]
) -> Response[bytes]:
    """How high and how loud the sound is every 10 ms, as packed numbers: 16 bytes of head (`ECGC`,
    uint16 version 1, uint16 milliseconds of a frame, uint32 number of frames, uint32 0), F0 of all
    frames (uint16, tenths of a hertz, 0 unvoiced), level of all frames (int16, hundredths of
    dBFS); little-endian."""
    data = await work.read_contour(desk, request.user.user_id, str(video_id))
    return Response(data, media_type="application/octet-stream")


@post("/videos/{video_id:uuid}/realign", status_code=202)
async def start_realign(
    request: Caller,
    desk: NamedDependency[AnalysisDesk],
    video_id: FromPath[UUID],
    data: JSONBody[realign.Window],
) -> realign.RealignView:
    """Times and measures words anew in a window of the sound, for an editor that changed them."""
    owner, language = request.user.user_id, service.check_language(data.language)
    async with desk.database.transaction() as session:
        video = await desk.find_video(session, owner, str(video_id))
        document = await service.read_latest_transcript(session, owner, video.id)
    transcript = await asyncio.to_thread(read_transcript_document, document)
    job = realign.job_of(data, transcript, language)
    async with desk.database.transaction() as session:
        row = await realign.start(session, owner, video, job)
        await session.flush()
    return realign.view(row)


@get("/videos/{video_id:uuid}/realign/{realign_id:uuid}")
async def read_realign(
    request: Caller,
    desk: NamedDependency[AnalysisDesk],
    video_id: FromPath[UUID],
    realign_id: FromPath[UUID],
) -> realign.RealignView:
    """The words with their new times and measurements, once they are there."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        return realign.view(await realign.find(session, owner, str(video_id), str(realign_id)))


def api_part(desk: AnalysisDesk) -> Part:
    """What the api role brings of this feature."""
    return Part(
        routes=[_router(desk)],
        tasks=[partial(desk.watch.run, partial(work.shown_of, desk))],
    )


def _router(desk: AnalysisDesk) -> Router:
    return Router(
        "/api/v1",
        route_handlers=[
            start_analysis, read_analysis, watch_analysis, cancel_analysis, read_transcript,
            read_contour, start_realign, read_realign, *HANDLERS,
        ],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
    )  # fmt: skip


async def _latest(desk: AnalysisDesk, owner: str, video_id: str) -> tuple[Analysis, Shown]:
    async with desk.database.transaction() as session:
        row = await service.latest(session, owner, video_id)
    shown = await work.shown_rows(desk, [row])
    return row, shown[row.id]
