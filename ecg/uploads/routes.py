"""``/uploads``; ``/videos`` stands beside."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from ecg.kernel.errors import (
    Conflict,
    FieldError,
    NotFound,
    RequestInvalid,
)
from ecg.kernel.leftovers import remove_now
from ecg.kernel.storage import PartDone, Store
from ecg.kernel.web import Caller
from ecg.uploads import service
from ecg.uploads.check import incoming
from ecg.uploads.complete import complete
from ecg.uploads.desk import UploadDesk, drop, show
from ecg.uploads.models import Upload, Video
from ecg.uploads.videos import HANDLERS
from ecg.uploads.views import (
    Completion,
    NewUpload,
    Parts,
    PartURL,
    UploadBegun,
    UploadView,
    VideoView,
    WantedParts,
    upload_view,
)

FIRST_PARTS = 100
"""URLs in the answer that begins an upload; more are asked for as they are needed."""


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
    except BaseException:  # the request's end too: no row knows of the parts that were begun
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
    data: JSONBody[Completion | None] = None,
) -> VideoView:
    """Ends an upload: verifies size, digest and kind, and starts the analysis. Repeating it
    answers as before."""
    owner = request.user.user_id
    video_id = await complete(desk, owner, str(upload_id), data or Completion())
    return await show(desk, owner, video_id)


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
        left = await service.remove_video(session, video.id)
    await remove_now(desk.store, [left])


def routes(desk: UploadDesk) -> Router:
    return Router(
        "/api/v1",
        route_handlers=[
            begin_upload, sign_parts, read_upload, complete_upload, abort_upload, *HANDLERS,
        ],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
    )  # fmt: skip


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
