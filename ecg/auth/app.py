"""What the auth room brings into the api."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from ecg.auth import service, session
from ecg.auth.google import GoogleSignIn
from ecg.auth.routes import routes
from ecg.auth.session import AuthDesk
from ecg.auth.tokens import AccessTokens
from ecg.kernel import ratelimit
from ecg.kernel.database import Database
from ecg.kernel.identity import Principal
from ecg.kernel.settings import Settings, listed
from ecg.kernel.web import Authenticate, Part

SWEEP_EVERY = 3600.0
"""Seconds between two removals of ended sessions and old hits."""

LOOK_EVERY = 5.0
"""Seconds that an access token may outlive its session, where the database answers."""


async def _nothing(_session: AsyncSession, _user_id: str) -> None:
    return


def auth_desk(
    settings: Settings,
    database: Database,
    on_join: Callable[[AsyncSession, str], Awaitable[None]] = _nothing,
) -> AuthDesk:
    """``settings.public_url`` decides on cookies' Secure and on Google's callback."""
    keys = listed(settings.secret_key)
    callback = f"{settings.public_url.rstrip('/')}/api/v1/auth/google/callback"
    google = settings.google
    return AuthDesk(
        database=database,
        tokens=AccessTokens(keys),
        logins_per_minute=settings.limits.logins_per_minute,
        proxies=settings.api.proxies,
        secure=settings.public_url.startswith("https://"),
        google=GoogleSignIn(google, callback, keys) if google.client_id else None,
        on_join=on_join,
    )


def authenticator(desk: AuthDesk) -> Authenticate:
    """What ``create_app`` asks for who a connection acts for."""

    async def authenticate(connection: session.Connection) -> Principal:
        return await session.authenticate(desk, connection)

    return authenticate


def api_part(desk: AuthDesk) -> Part:
    async def swept() -> None:
        while True:
            async with desk.database.transaction() as transaction:
                await service.sweep(transaction)
            await ratelimit.sweep(desk.database)
            await asyncio.sleep(SWEEP_EVERY)

    async def looked() -> None:
        while True:
            await refuse_ended(desk)
            await asyncio.sleep(LOOK_EVERY)

    return Part(routes=[routes(desk)], tasks=[swept, looked])


async def refuse_ended(desk: AuthDesk) -> None:
    """Has this process refuse the access tokens of sessions that ended, in whichever process."""
    async with desk.database.transaction() as session:
        ended = await service.ended_sessions(session)
    desk.tokens.refuse(ended)
