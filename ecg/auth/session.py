"""Who a connection acts for, where it comes from, and the cookies of the studio."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.auth import keys
from ecg.auth.google import WAY_SECONDS, GoogleSignIn
from ecg.auth.service import REFRESH_DAYS
from ecg.auth.tokens import ACCESS_SECONDS, AccessTokens
from ecg.kernel.database import Database
from ecg.kernel.errors import Unauthorized
from ecg.kernel.identity import Principal

REFRESH = "ecg_refresh"
ACCESS = "ecg_access"
GOOGLE = "ecg_google"

Connection = ASGIConnection[Any, Any, Any, Any]


class AuthDesk(msgspec.Struct, frozen=True):
    """``proxies``: how many of the operator's proxies stand before the api. ``secure``: whether
    cookies go over https only. ``google``: ``None`` where it is not set up. ``on_join``: what
    else an account loses whose address turns out to be another's."""

    database: Database
    tokens: AccessTokens
    logins_per_minute: int
    proxies: int
    secure: bool
    google: GoogleSignIn | None
    on_join: Callable[[AsyncSession, str], Awaitable[None]]


async def authenticate(desk: AuthDesk, connection: Connection) -> Principal:
    """By access token or API key in ``Authorization``; a GET also by the access cookie, for
    event streams and downloads, which carry no header. Raises ``Unauthorized``."""
    header = connection.headers.get("authorization")
    if header is None:
        method = cast(dict[str, Any], connection.scope).get("method")
        cookie = connection.cookies.get(ACCESS, "") if method in {"GET", "HEAD"} else ""
        if not cookie:
            raise Unauthorized("sign in first: an access token or API key is needed")
        return desk.tokens.read(cookie)
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer":
        raise Unauthorized('the Authorization header takes the form "Bearer TOKEN"')
    if token.startswith(keys.PREFIX):
        async with desk.database.transaction() as session:
            return await keys.principal(session, token)
    return desk.tokens.read(token)


def address_of(connection: Connection, proxies: int) -> str:
    """The network that a request comes from: an IPv4 address, or the /64 of an IPv6 one. Each
    proxy appends the address it saw, so only the last ``proxies`` entries are to be trusted."""
    peer = connection.client.host if connection.client else ""
    passed = ",".join(connection.headers.getall("x-forwarded-for", [])).split(",")
    if 0 < proxies <= len(passed):
        peer = passed[-proxies].strip()
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def cookies(desk: AuthDesk, access: str, refresh: str) -> list[Cookie]:
    """The session's cookies; empty values clear them."""
    return [
        _cookie(desk, ACCESS, access, "/api/v1", ACCESS_SECONDS),
        _cookie(desk, REFRESH, refresh, "/api/v1/auth", REFRESH_DAYS * 86_400),
    ]


def google_cookie(desk: AuthDesk, value: str) -> Cookie:
    """Lax, as the browser comes back from Google's pages."""
    cookie = _cookie(desk, GOOGLE, value, "/api/v1/auth/google", WAY_SECONDS)
    cookie.samesite = "lax"
    return cookie


def _cookie(desk: AuthDesk, name: str, value: str, path: str, seconds: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path=path,
        max_age=seconds if value else 0,
        httponly=True,
        secure=desk.secure,
        samesite="strict",
    )
