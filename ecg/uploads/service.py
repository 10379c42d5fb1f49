"""Uploads and videos in PostgreSQL; every query names the owner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.kernel.attempts import Trouble
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Conflict, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.leftovers import leave
from ecg.kernel.telemetry import current_trace
from ecg.media.info import MediaInfo, VideoFacts
from ecg.uploads.models import Upload, Video

SINGLE_BYTES = 16 << 20
"""The largest file that is sent in one piece."""

LEAST_PART = 8 << 20
MOST_PARTS = 10_000
"""S3 takes at most 10,000 parts, each but the last of 5 MiB or more."""

KEPT = timedelta(hours=24)
"""How long an upload may take."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a video is refused. ``trace``: the ``traceparent`` of the request that it was found in."""

    code: str
    message: str
    trace: str = ""


def part_size_of(size: int) -> int:
    """Bytes of each part but the last; the whole file where one piece is enough."""
    if size <= SINGLE_BYTES:
        return size
    megabyte = 1 << 20
    return max(LEAST_PART, math.ceil(size / MOST_PARTS / megabyte) * megabyte)


def length_of(upload: Upload, number: int) -> int:
    """Bytes of part ``number``, from 1. Raises ``NotFound`` where there is no such part."""
    if not 1 <= number <= upload.parts:
        raise NotFound(f"this upload has the parts 1 to {upload.parts}; {number} is none of them")
    return min(upload.part_size, upload.size - (number - 1) * upload.part_size)


def new_upload(
    owner_id: str, filename: str, size: int, content_type: str, sha256: str | None
) -> tuple[Video, Upload]:
    """Rows of an upload that begins; the caller adds them, the store's id too."""
    now, video_id, part_size = utc_now(), new_id(), part_size_of(size)
    video = Video(
        id=video_id, owner_id=owner_id, state="uploading", filename=filename, size=size,
        content_type=content_type, key=f"uploads/{video_id}/source", created_at=now,
    )  # fmt: skip
    upload = Upload(
        id=new_id(), video_id=video_id, owner_id=owner_id,
        method="single" if size <= SINGLE_BYTES else "multipart",
        part_size=part_size, parts=math.ceil(size / part_size), size=size, sha256=sha256,
        state="open", created_at=now, expires_at=now + KEPT,
    )  # fmt: skip
    return video, upload


async def find_upload(
    session: AsyncSession, owner_id: str, upload_id: str, *, lock: bool = False
) -> tuple[Upload, Video]:
    """Raises ``NotFound``."""
    statement = (
        select(Upload, Video)
        .join(Video, Video.id == Upload.video_id)
        .where(Upload.id == upload_id, Upload.owner_id == owner_id)
    )
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(f"you have no upload {upload_id}")
    return row[0], row[1]


async def open_upload(session: AsyncSession, video_id: str) -> Upload | None:
    """The upload of a video that is not complete yet, locked."""
    statement = select(Upload).where(Upload.video_id == video_id, Upload.state == "open")
    return await session.scalar(statement.with_for_update())


async def uploads_of(session: AsyncSession, video_id: str) -> Sequence[str]:
    """The ids of the uploads that a video came by."""
    return (await session.scalars(select(Upload.id).where(Upload.video_id == video_id))).all()


def require_open(upload: Upload) -> None:
    """Raises ``Conflict`` unless parts may still be sent."""
    if upload.state != "open":
        raise Conflict(f"this upload is {upload.state}; begin a new one")
    if upload.expires_at < utc_now():
        raise Conflict("this upload has run out after 24 hours; begin a new one")


async def get_video(session: AsyncSession, owner_id: str, video_id: str) -> Video:
    """Raises ``NotFound``."""
    statement = select(Video).where(Video.id == video_id, Video.owner_id == owner_id)
    video = await session.scalar(statement)
    if video is None:
        raise NotFound(f"you have no video {video_id}")
    return video


async def list_videos(
    session: AsyncSession, owner_id: str, cursor: str | None, limit: int
) -> Sequence[Video]:
    """Newest first, those older than ``cursor``."""
    statement = select(Video).where(Video.owner_id == owner_id)
    if cursor is not None:
        statement = statement.where(Video.id < cursor)
    return (await session.scalars(statement.order_by(Video.id.desc()).limit(limit))).all()


def facts_of(video: Video) -> VideoFacts:
    media = None if video.media is None else msgspec.convert(video.media, MediaInfo)
    return VideoFacts(
        id=video.id,
        owner_id=video.owner_id,
        state=video.state,
        filename=video.filename,
        key=video.key,
        size=video.size,
        media=media,
        created_at=video.created_at,
    )


async def find_video(session: AsyncSession, owner_id: str, video_id: str) -> VideoFacts:
    """Raises ``NotFound``."""
    return facts_of(await get_video(session, owner_id, video_id))


async def set_facts(
    session: AsyncSession, video_id: str, media: MediaInfo, poster_key: str | None
) -> None:
    """What the probe found; a video that was being checked is ready with it."""
    await session.execute(
        update(Video)
        .where(Video.id == video_id, Video.state.in_(("checking", "ready")))
        .values(state="ready", media=msgspec.to_builtins(media), poster_key=poster_key)
    )


async def refuse(session: AsyncSession, video_id: str, trouble: Trouble) -> str:
    """Marks the video as refused, on behalf of the present request, and leaves its source to be
    removed; returns the prefix, which the caller removes once this is committed."""
    refusal = Refusal(trouble.code, trouble.message, current_trace())
    await session.execute(
        update(Video)
        .where(Video.id == video_id)
        .values(state="refused", refusal=msgspec.to_builtins(refusal))
    )
    await leave(session, [objects_of(video_id)])
    return objects_of(video_id)


async def remove_video(session: AsyncSession, video_id: str) -> str:
    """Removes the rows of a video and of its upload and leaves what they have in the store to
    be removed; returns the prefix, which the caller removes once this is committed."""
    await session.execute(delete(Video).where(Video.id == video_id))
    await leave(session, [objects_of(video_id)])
    return objects_of(video_id)


def objects_of(video_id: str) -> str:
    """The prefix of what was uploaded."""
    return f"uploads/{video_id}/"


async def claim_expired(session: AsyncSession, limit: int) -> Sequence[tuple[Upload, Video]]:
    """Open uploads that have run out, locked; those that another process has are skipped."""
    rows = await session.execute(
        select(Upload, Video)
        .join(Video, Video.id == Upload.video_id)
        .where(Upload.state == "open", Upload.expires_at < utc_now())
        .order_by(Upload.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1]) for row in rows]


def refusal_of(video: Video) -> Refusal | None:
    return None if video.refusal is None else msgspec.convert(video.refusal, Refusal)
