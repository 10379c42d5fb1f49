"""``/videos``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from ecg.kernel.errors import Conflict
from ecg.kernel.leftovers import leave, remove_now
from ecg.kernel.web import Caller, checked_cursor
from ecg.uploads import service
from ecg.uploads.desk import UploadDesk, show, view
from ecg.uploads.views import Videos, VideoView


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
        jobs = await desk.newest(session, owner, ids)
    newest = await jobs()
    items = [await view(desk, each, newest) for each in shown]
    return Videos(items, ids[-1] if len(found) > limit else None)


@get("/videos/{video_id:uuid}")
async def read_video(
    request: Caller, desk: NamedDependency[UploadDesk], video_id: FromPath[UUID]
) -> VideoView:
    """One video: its facts, its state, its newest analysis and render."""
    return await show(desk, request.user.user_id, str(video_id))


@delete("/videos/{video_id:uuid}")
async def delete_video(
    request: Caller, desk: NamedDependency[UploadDesk], video_id: FromPath[UUID]
) -> None:
    """Removes a video with everything made from it; what is at work on it is cancelled."""
    owner, wanted = request.user.user_id, str(video_id)
    async with desk.database.transaction() as session:
        await service.get_video(session, owner, wanted)
        ended = await desk.on_delete(session, owner, wanted)
        await leave(session, ended.prefixes)
        upload = await service.open_upload(session, wanted)
        if upload is not None:
            await desk.release(session, upload.id)
        source = await service.remove_video(session, wanted)
    await ended.stop()
    await remove_now(desk.store, [source, *ended.prefixes])


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


HANDLERS = (list_videos, read_video, delete_video, read_source)
