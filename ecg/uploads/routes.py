"""``/uploads`` and ``/videos``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.kernel.attempts import Trouble
from ecg.kernel.database import Database, utc_now
from ecg.kernel.errors import (
    Conflict,
    EcgError,
    FieldError,
    InputRefused,
    MediaRefused,
    NotFound,
    RequestInvalid,
)
from ecg.kernel.settings import LimitSettings
from ecg.kernel.storage import PartDone, Store
from ecg.kernel.web import Caller, checked_cursor
from ecg.media.info import VideoFacts
from ecg.uploads import service
from ecg.uploads.check import check_object, incoming, join_parts, settle
from ecg.uploads.models import Upload, Video
from ecg.uploads.views import (
    Completion,
    NewUpload,
    Parts,
    PartURL,
    UploadBegun,
    UploadView,
    Videos,
    VideoView,
    WantedParts,
    upload_view,
    video_view,
)

FIRST_PARTS = 100
"""URLs in the answer that begins an upload; more are asked for as they are needed."""

Views = Callable[[AsyncSession, str, Sequence[str]], Awaitable[Mapping[str, object]]]


class UploadDesk(msgspec.Struct, frozen=True):
    """What other features do for this one: ``start_analysis`` inserts the analysis of a video
    that is complete; ``analyses`` and ``renders`` show the newest of each video; ``on_delete``
    ends a video's jobs and returns the prefixes of their objects."""

    database: Database
    store: Store
    limits: LimitSettings
    start_analysis: Callable[
        [AsyncSession, str, VideoFacts, str | None, int | None], Awaitable[str]
    ]
    analyses: Views
    renders: Views
    reserve: Callable[[AsyncSession, str, str, int], Awaitable[None]]
    charge: Callable[[AsyncSession, str], Awaitable[None]]
    release: Callable[[AsyncSession, str], Awaitable[None]]
    on_delete: Callable[[AsyncSession, str, str], Awaitable[list[str]]]


@post("/uploads", status_code=201)
async def begin_upload(
    request: Caller, desk: NamedDependency[UploadDesk], data: JSONBody[NewUpload]
) -> UploadBegun:
    """Begins an upload straight to the store: one part up to 16 MiB, else several."""
    if data.size > desk.limits.video_bytes:
        fault = FieldError("$.size", f"is {data.size}; at most {desk.limits.video_bytes} bytes")
        raise RequestInvalid(f"{fault.path}: {fault.message}", (fault,))
    video, upload = service.new_upload(
        request.user.user_id, data.filename, data.size, data.content_type, data.sha256
    )
    if upload.method == "multipart":
        upload.upload_id = await desk.store.begin_parts(video.key, data.content_type)
    try:
        async with desk.database.transaction() as session:
            await desk.reserve(session, upload.owner_id, upload.id, upload.size)
            session.add(video)
            await session.flush()
            session.add(upload)
    except EcgError:
        await drop(desk.store, upload, video)
        raise
    numbers = range(1, min(upload.parts, FIRST_PARTS) + 1)
    return UploadBegun(
        id=upload.id,
        video_id=video.id,
        method="single" if upload.method == "single" else "multipart",
        part_size=upload.part_size,
        parts=await _urls(desk.store, upload, video, numbers),
        expires_at=upload.expires_at,
    )


@post("/uploads/{upload_id:uuid}/parts", status_code=200)
async def sign_parts(
    request: Caller,
    desk: NamedDependency[UploadDesk],
    upload_id: FromPath[UUID],
    data: JSONBody[WantedParts],
) -> Parts:
    """Fresh URLs for parts, to go on with an upload."""
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, request.user.user_id, str(upload_id))
    service.require_open(upload)
    for index, number in enumerate(data.numbers):
        if number > upload.parts:
            fault = FieldError(f"$.numbers[{index}]", f"is {number}; there are {upload.parts}")
            raise RequestInvalid(f"{fault.path}: {fault.message}", (fault,))
    return Parts(await _urls(desk.store, upload, video, data.numbers))


@get("/uploads/{upload_id:uuid}")
async def read_upload(
    request: Caller, desk: NamedDependency[UploadDesk], upload_id: FromPath[UUID]
) -> UploadView:
    """How far an upload is: the parts that the store holds."""
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, request.user.user_id, str(upload_id))
    done: list[PartDone] = []
    try:
        if upload.state == "open" and upload.upload_id is not None:
            done = await desk.store.parts(video.key, upload.upload_id)
        elif upload.state == "open":
            done = [PartDone(1, (await desk.store.head(incoming(upload, video))).size, "")]
    except NotFound:
        done = []
    return upload_view(upload, done)


@post("/uploads/{upload_id:uuid}/complete", status_code=202)
async def complete_upload(
    request: Caller,
    desk: NamedDependency[UploadDesk],
    upload_id: FromPath[UUID],
    data: JSONBody[Completion],
) -> VideoView:
    """Ends an upload: verifies size, digest and kind, and starts the analysis. Repeating it
    answers as before."""
    owner, wanted = request.user.user_id, str(upload_id)
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, owner, wanted)
    if upload.state != "completed":
        _refused_before(video)
        service.require_open(upload)
        await _verified(desk, owner, upload, video, data)
    return await _shown(desk, owner, video.id)


@delete("/uploads/{upload_id:uuid}")
async def abort_upload(
    request: Caller, desk: NamedDependency[UploadDesk], upload_id: FromPath[UUID]
) -> None:
    """Gives an upload up; its parts are removed."""
    async with desk.database.transaction() as session:
        owner = request.user.user_id
        upload, video = await service.find_upload(session, owner, str(upload_id), lock=True)
        if upload.state == "completed":
            raise Conflict("this upload is completed; delete the video instead")
        await desk.release(session, upload.id)
        await service.remove_video(session, video.id)
    await drop(desk.store, upload, video)


@get("/videos")
async def list_videos(
    request: Caller,
    desk: NamedDependency[UploadDesk],
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Videos:
    """My videos, newest first."""
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        found = await service.list_videos(session, owner, checked_cursor(cursor), limit + 1)
        shown = found[:limit]
        ids = [video.id for video in shown]
        analyses = await desk.analyses(session, owner, ids)
        renders = await desk.renders(session, owner, ids)
    items = [video_view(each, await _poster(desk, each), analyses, renders) for each in shown]
    return Videos(items, ids[-1] if len(found) > limit else None)


@get("/videos/{video_id:uuid}")
async def read_video(
    request: Caller, desk: NamedDependency[UploadDesk], video_id: FromPath[UUID]
) -> VideoView:
    """One video: its facts, its state, its newest analysis and render."""
    return await _shown(desk, request.user.user_id, str(video_id))


@delete("/videos/{video_id:uuid}")
async def delete_video(
    request: Caller, desk: NamedDependency[UploadDesk], video_id: FromPath[UUID]
) -> None:
    """Removes a video with everything made from it; what is at work on it is cancelled."""
    owner, wanted = request.user.user_id, str(video_id)
    async with desk.database.transaction() as session:
        video = await service.get_video(session, owner, wanted)
        prefixes = await desk.on_delete(session, owner, wanted)
        upload = await service.open_upload(session, wanted)
        if upload is not None:
            await desk.release(session, upload.id)
        await service.remove_video(session, wanted)
    if upload is not None:
        await drop(desk.store, upload, video)
    for prefix in (f"uploads/{video.id}/", *prefixes):
        await desk.store.delete_under(prefix)


@get("/videos/{video_id:uuid}/source", status_code=302)
async def read_source(
    request: Caller, desk: NamedDependency[UploadDesk], video_id: FromPath[UUID]
) -> Redirect:
    """Redirects to a short-lived URL of the video as it was uploaded."""
    async with desk.database.transaction() as session:
        video = await service.get_video(session, request.user.user_id, str(video_id))
    if video.state not in {"ready", "checking"}:
        raise Conflict(f"this video is {video.state}, so there is no source to read")
    return Redirect(await desk.store.presign_get(video.key, public=True), status_code=302)


def routes(desk: UploadDesk) -> Router:
    return Router(
        "/api/v1",
        route_handlers=[
            begin_upload, sign_parts, read_upload, complete_upload, abort_upload,
            list_videos, read_video, delete_video, read_source,
        ],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
    )  # fmt: skip


async def drop(store: Store, upload: Upload, video: Video) -> None:
    """Removes what an upload left in the store."""
    if upload.upload_id is not None:
        await store.abort_parts(video.key, upload.upload_id)
    await store.delete([incoming(upload, video)])


async def _verified(
    desk: UploadDesk, owner: str, upload: Upload, video: Video, data: Completion
) -> None:
    given = [(part.number, part.etag) for part in data.parts] if data.parts else None
    sent = incoming(upload, video)
    key = ""
    try:
        await join_parts(desk.store, upload, sent, given)
        key = await settle(desk.store, upload, video)
        await check_object(desk.store, upload, key)
    except MediaRefused as error:
        await _refuse(desk, owner, upload.id, error)
        await desk.store.delete([key])
        raise
    except InputRefused:
        if not await _completed(desk, owner, upload.id):
            raise
        return  # by a request at the same time
    kept = await _complete(desk, owner, upload.id, key, data)
    for leftover in {sent, key} - {kept}:
        await desk.store.delete([leftover])


async def _completed(desk: UploadDesk, owner: str, upload_id: str) -> bool:
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, owner, upload_id)
    _refused_before(video)
    return upload.state == "completed"


async def _complete(
    desk: UploadDesk, owner: str, upload_id: str, key: str, data: Completion
) -> str:
    """Returns the key that the video has from now on."""
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, owner, upload_id, lock=True)
        if upload.state == "completed":
            return video.key
        _refused_before(video)
        upload.state, upload.completed_at = "completed", utc_now()
        video.state, video.key = "checking", key
        await desk.charge(session, upload.id)
        facts = service.facts_of(video)
        await desk.start_analysis(session, owner, facts, data.language, data.speakers)
    return key


async def _refuse(desk: UploadDesk, owner: str, upload_id: str, error: MediaRefused) -> None:
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, owner, upload_id, lock=True)
        if upload.state != "open":
            return
        upload.state = "aborted"
        await desk.release(session, upload.id)
        await service.refuse(session, video.id, Trouble.of(error))
    await drop(desk.store, upload, video)


def _refused_before(video: Video) -> None:
    trouble = service.problem_of(video.refusal)
    if trouble is not None:
        raise MediaRefused(trouble.message)


async def _shown(desk: UploadDesk, owner: str, video_id: str) -> VideoView:
    async with desk.database.transaction() as session:
        video = await service.get_video(session, owner, video_id)
        analyses = await desk.analyses(session, owner, [video_id])
        renders = await desk.renders(session, owner, [video_id])
    return video_view(video, await _poster(desk, video), analyses, renders)


async def _poster(desk: UploadDesk, video: Video) -> str | None:
    if video.poster_key is None:
        return None
    return await desk.store.presign_get(video.poster_key, public=True)


async def _urls(
    store: Store, upload: Upload, video: Video, numbers: Sequence[int]
) -> list[PartURL]:
    urls: list[PartURL] = []
    for number in numbers:
        length = service.length_of(upload, number)
        if upload.upload_id is None:
            url = await store.presign_put(
                incoming(upload, video),
                public=True,
                ContentLength=length,
                ContentType=video.content_type,
            )
            urls.append(PartURL(number, url, {"Content-Type": video.content_type}))
        else:
            url = await store.presign_part(video.key, upload.upload_id, number, length)
            urls.append(PartURL(number, url, {}))
    return urls
