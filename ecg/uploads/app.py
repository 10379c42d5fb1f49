"""What the uploads room brings into the api."""

from __future__ import annotations

import asyncio
from functools import partial

from ecg.kernel.leftovers import remove_now, work_off_for_ever
from ecg.kernel.web import Part
from ecg.uploads import service
from ecg.uploads.desk import UploadDesk
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
        tasks=[clean, partial(work_off_for_ever, desk.database, desk.store)],
        checks={"database": desk.database.ping, "store": desk.store.ping},
    )


async def clean_up(desk: UploadDesk) -> int:
    """Removes uploads that have run out, with their parts; returns how many."""
    async with desk.database.transaction() as session:
        expired = await service.claim_expired(session, _BATCH)
        for upload, _ in expired:
            await desk.release(session, upload.id)
        left = [await service.remove_video(session, video.id) for _, video in expired]
    await remove_now(desk.store, left)
    return len(expired)
