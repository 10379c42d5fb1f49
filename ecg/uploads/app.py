"""What the uploads room brings into the api."""

from __future__ import annotations

import asyncio

import structlog

from ecg.kernel.errors import EcgError
from ecg.kernel.web import Part
from ecg.uploads import service
from ecg.uploads.desk import UploadDesk, drop
from ecg.uploads.routes import routes

EVERY = 600.0
"""Seconds between two searches for uploads that were given up."""

_BATCH = 20


def api_part(desk: UploadDesk) -> Part:
    async def clean() -> None:
        while True:
            while await clean_up(desk) == _BATCH:
                pass
            await asyncio.sleep(EVERY)

    return Part(
        routes=[routes(desk)],
        tasks=[clean],
        checks={"database": desk.database.ping, "store": desk.store.ping},
    )


async def clean_up(desk: UploadDesk) -> int:
    """Removes uploads that have run out, with their parts; returns how many."""
    async with desk.database.transaction() as session:
        expired = await service.claim_expired(session, _BATCH)
        for upload, video in expired:
            await desk.release(session, upload.id)
            await service.remove_video(session, video.id)
    for upload, video in expired:
        try:
            await drop(desk.store, upload, video)
        except EcgError as error:
            structlog.get_logger("ecg.uploads").warning(
                "leftover object", key=video.key, reason=error.message
            )
    return len(expired)
