"""The end of an upload: what was sent is verified, and is a video from then on."""

from __future__ import annotations

import asyncio

from ecg.kernel.attempts import Trouble
from ecg.kernel.database import utc_now
from ecg.kernel.errors import EcgError, InputRefused, MediaRefused, Unavailable
from ecg.kernel.leftovers import remove_now
from ecg.uploads import service
from ecg.uploads.check import check_object, incoming, join_parts, settle
from ecg.uploads.desk import UploadDesk
from ecg.uploads.models import Upload, Video
from ecg.uploads.views import Completion


async def complete(desk: UploadDesk, owner: str, upload_id: str, data: Completion) -> str:
    """Verifies the upload and starts the analysis, unless that was done before; returns the
    video's id. Raises ``NotFound``, ``InputRefused``, ``MediaRefused``, ``Conflict``."""
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, owner, upload_id)
    if upload.state != "completed":
        _refused_before(video)
        service.require_open(upload)
        desk.check_language(data.language)
        await asyncio.to_thread(desk.check_texts, data.script, data.terms)
        await _verified(desk, owner, upload, video, data)
    return video.id


async def _verified(
    desk: UploadDesk, owner: str, upload: Upload, video: Video, data: Completion
) -> None:
    given = [(part.number, part.etag) for part in data.parts] if data.parts else None
    sent = incoming(upload, video)
    key = sent
    try:
        await join_parts(desk.store, upload, sent, given)
        key = await settle(desk.store, upload, video)
        await check_object(desk.store, upload, key)
        kept = await _completed(desk, owner, upload.id, key, data)
    except EcgError as error:
        if isinstance(error, MediaRefused):
            await _refuse(desk, owner, upload.id, error)
        if key != sent and not isinstance(error, Unavailable):
            await desk.store.delete([key])  # else nobody knows whether a row points to it now
        if isinstance(error, InputRefused) and await _is_completed(desk, owner, upload.id):
            return  # by a request at the same time
        raise
    for leftover in {sent, key} - {kept}:
        await desk.store.delete([leftover])


async def _is_completed(desk: UploadDesk, owner: str, upload_id: str) -> bool:
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, owner, upload_id)
    _refused_before(video)
    return upload.state == "completed"


async def _completed(
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
        await desk.start_analysis(
            session, owner, facts, data.language, data.speakers, data.script, data.terms
        )
    return key


async def _refuse(desk: UploadDesk, owner: str, upload_id: str, error: MediaRefused) -> None:
    async with desk.database.transaction() as session:
        upload, video = await service.find_upload(session, owner, upload_id, lock=True)
        if upload.state != "open":
            return
        upload.state = "aborted"
        await desk.release(session, upload.id)
        left = await service.refuse(session, video.id, Trouble.of(error))
    await remove_now(desk.store, [left])


def _refused_before(video: Video) -> None:
    refusal = service.refusal_of(video)
    if refusal is not None:
        raise MediaRefused(refusal.message)
