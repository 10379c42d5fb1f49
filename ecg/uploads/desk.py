"""What the uploads room needs of the others, and what its routes share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.kernel.database import Database
from ecg.kernel.settings import LimitSettings
from ecg.kernel.storage import Store
from ecg.media.info import VideoFacts
from ecg.uploads import service
from ecg.uploads.models import Upload, Video
from ecg.uploads.views import Newest, VideoView, video_view


class Ended(msgspec.Struct, frozen=True):
    """What a video's jobs leave: the prefixes of their objects, and ``stop``, which ends those at
    work once the transaction that removed them is committed."""

    prefixes: list[str]
    stop: Callable[[], Awaitable[None]]


class UploadDesk(msgspec.Struct, frozen=True):
    """What other features do for this one, each in the caller's transaction.
    ``check_language`` refuses one that cannot be heard, ``check_texts`` a script or terms, and ``start_analysis`` inserts the analysis of a
    video that is complete. ``newest`` reads the newest analysis and render of each video; what it
    returns shows them with their progress, which is not in the database, once the transaction is
    over. ``on_delete`` removes a video's jobs."""

    database: Database
    store: Store
    limits: LimitSettings
    check_language: Callable[[str | None], str | None]
    check_texts: Callable[[str | None, Sequence[str]], None]
    start_analysis: Callable[
        [AsyncSession, str, VideoFacts, str | None, int | None, str | None, Sequence[str]],
        Awaitable[str],
    ]
    newest: Callable[[AsyncSession, str, Sequence[str]], Awaitable[Callable[[], Awaitable[Newest]]]]
    reserve: Callable[[AsyncSession, str, str, int], Awaitable[None]]
    charge: Callable[[AsyncSession, str], Awaitable[None]]
    release: Callable[[AsyncSession, str], Awaitable[None]]
    on_delete: Callable[[AsyncSession, str, str], Awaitable[Ended]]


async def drop(store: Store, upload: Upload, video: Video) -> None:
    """Removes all that an upload left in the store."""
    if upload.upload_id is not None:
        await store.abort_parts(video.key, upload.upload_id)
    await store.delete_under(f"uploads/{video.id}/")


async def show(desk: UploadDesk, owner: str, video_id: str) -> VideoView:
    """The owner's video as the api shows it. Raises ``NotFound``."""
    async with desk.database.transaction() as session:
        video = await service.get_video(session, owner, video_id)
        newest = await desk.newest(session, owner, [video_id])
    return await view(desk, video, await newest())


async def view(desk: UploadDesk, video: Video, newest: Newest) -> VideoView:
    poster = None
    if video.poster_key is not None:
        poster = await desk.store.presign_get(video.poster_key, public=True)
    return video_view(video, poster, newest)
