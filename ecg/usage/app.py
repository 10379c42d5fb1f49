"""What the usage room brings into the api."""

from __future__ import annotations

import asyncio

from ecg.kernel.web import Part
from ecg.usage import admin
from ecg.usage.routes import UsageDesk, routes

EVERY = 30.0
"""Seconds between two measurements of the business numbers."""


def api_part(desk: UsageDesk) -> Part:
    async def measured() -> None:
        while True:
            async with desk.database.transaction() as session:
                await admin.measure(session, desk.limits, desk.clock())
            await asyncio.sleep(EVERY)

    return Part(routes=[routes(desk)], tasks=[measured])
