"""``/auth``: accounts, sessions, keys and sign-in by Google."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Redirect
from msgspec import Meta

from ecg.auth import keys, service
from ecg.auth.google import GoogleSignIn
from ecg.auth.keys import Scope
from ecg.auth.models import ApiKey
from ecg.auth.passwords import check_password, hash_password
from ecg.auth.service import Account, Session
from ecg.auth.session import (
    GOOGLE,
    REFRESH,
    AuthDesk,
    address_of,
    cookies,
    google_cookie,
)
from ecg.auth.tokens import ACCESS_SECONDS
from ecg.kernel import ratelimit
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Forbidden, NotFound, Unauthorized
from ecg.kernel.rates import counted
from ecg.kernel.web import Caller, checked_cursor, public

SIGNUPS_PER_MINUTE = 10
"""Of one address."""

ACCOUNTS_PER_ADDRESS = 6
"""Times the tries for one account that an address has for all: each costs a bcrypt check."""

Anyone = Request[Any, Any, Any]
Email = Annotated[str, Meta(max_length=254, examples=["ada@example.org"])]
Password = Annotated[str, Meta(min_length=8, max_length=1024, examples=["correct horse battery"])]
Token = Annotated[str, Meta(min_length=1, max_length=256, examples=["Zb4u…"])]


class Signup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    password: Password
    name: Annotated[str, Meta(max_length=100, examples=["Ada"])] = ""


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    password: Annotated[str, Meta(max_length=1024, examples=["correct horse battery"])]


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``refresh_token``: left out by the studio, whose cookie has it."""

    refresh_token: Token | None = None


class Tokens(msgspec.Struct, frozen=True):
    """``expires_in``: seconds that the access token holds. ``refresh_token``: left out where the
    used one came by cookie, as the new one then does."""

    access_token: str
    expires_in: int
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, no secret


class SignedIn(msgspec.Struct, frozen=True):
    user: Account
    access_token: str
    expires_in: int
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``expires``: left out for a key that holds until it is deleted."""

    name: Annotated[str, Meta(min_length=1, max_length=100, examples=["nightly captions"])]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=2, examples=[["read", "write"]])]
    expires: Annotated[datetime, Meta(tz=True)] | None = None


class KeyView(msgspec.Struct, frozen=True):
    """``last_used_at``: to the minute."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None


class KeyCreated(msgspec.Struct, frozen=True):
    """``key`` is shown here and never again."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None
    key: str


class Keys(msgspec.Struct, frozen=True):
    items: list[KeyView]
    next_cursor: str | None


class Ways(msgspec.Struct, frozen=True):
    """How one can sign in here, beside by password."""

    google: bool


@post("/signup", status_code=201)
async def sign_up(
    request: Anyone, desk: NamedDependency[AuthDesk], data: JSONBody[Signup]
) -> Response[SignedIn]:
    """Makes an account and signs it in."""
    email = service.checked_email(data.email)
    place = address_of(request, desk.proxies)
    hit = ratelimit.hit(desk.database, f"signup:{place}", SIGNUPS_PER_MINUTE)
    await counted(request, SIGNUPS_PER_MINUTE, hit)
    hashed = await hash_password(data.password)
    async with desk.database.transaction() as session:
        account = await service.create_user(session, email, password_hash=hashed, name=data.name)
        begun = await service.begin_session(session, account)
    return _signed_in(desk, begun, 201)


@post("/login", status_code=200)
async def log_in(
    request: Anyone, desk: NamedDependency[AuthDesk], data: JSONBody[Login]
) -> Response[SignedIn]:
    """Signs in; five tries a minute for one account from one address, thirty for all accounts."""
    email = service.checked_email(data.email)
    place = address_of(request, desk.proxies)
    most = desk.logins_per_minute
    every = ratelimit.hit(desk.database, f"logins:{place}", most * ACCOUNTS_PER_ADDRESS)
    await counted(request, most * ACCOUNTS_PER_ADDRESS, every)
    await counted(request, most, ratelimit.hit(desk.database, f"login:{email}:{place}", most))
    async with desk.database.transaction() as session:
        account, stored = await service.credentials(session, email)
    wrong = Unauthorized("the e-mail address or the password is wrong")
    if not await check_password(data.password, stored) or account is None or stored is None:
        raise wrong
    async with desk.database.transaction() as session:
        if not await service.holds(session, account, stored):
            raise wrong
        begun = await service.begin_session(session, account)
    return _signed_in(desk, begun, 200)


@post("/refresh", status_code=200)
async def refresh(
    request: Anyone, desk: NamedDependency[AuthDesk], data: JSONBody[Refresh | None] = None
) -> Response[Tokens]:
    """New tokens for a refresh token, which is used up. Used again within half a minute it gives
    the same, as an answer may be lost; used after that, or after what it gave, it ends the session."""
    given = _refresh_token(request, data)
    if not given:
        raise Unauthorized("a refresh token is needed, in the body or the cookie; sign in")
    async with desk.database.transaction() as session:
        going = await service.rotate(session, given, desk.tokens.follower(given))
    if going is None:
        raise Unauthorized("the refresh token is not valid any more; sign in again")
    access = desk.tokens.issue(going.account.id, going.account.role, going.id)
    by_body = data is not None and data.refresh_token is not None
    return Response(
        Tokens(access, ACCESS_SECONDS, going.refresh_token if by_body else msgspec.UNSET),
        status_code=200,
        cookies=cookies(desk, access, going.refresh_token),
    )


@post("/logout", status_code=204)
async def log_out(
    request: Anyone, desk: NamedDependency[AuthDesk], data: JSONBody[Refresh | None] = None
) -> Response[None]:
    """Ends the session of the refresh token and clears the cookies."""
    given = _refresh_token(request, data)
    if given:
        async with desk.database.transaction() as session:
            await service.end_session(session, given)
    return Response(None, status_code=204, cookies=cookies(desk, "", ""))


@get("/ways")
async def read_ways(desk: NamedDependency[AuthDesk]) -> Ways:
    """What a page that signs people in can offer."""
    return Ways(google=desk.google is not None)


@get("/me")
async def read_me(request: Caller, desk: NamedDependency[AuthDesk]) -> Account:
    """The account that I am signed in to."""
    async with desk.database.transaction() as session:
        account = await service.read_account(session, request.user.user_id)
    if account is None:
        raise Unauthorized("this account does not exist any more")
    return account


@post("/keys", status_code=201)
async def create_key(
    request: Caller, desk: NamedDependency[AuthDesk], data: JSONBody[NewKey]
) -> KeyCreated:
    """Makes an API key, shown once here. A key cannot make keys."""
    _require_person(request)
    if data.expires and data.expires <= utc_now():
        raise service.invalid("$.expires", "has passed; give a time to come, or leave it out")
    async with desk.database.transaction() as session:
        await service.require_live(session, request.user)
        row, secret = await keys.create(
            session, request.user.user_id, data.name, data.scopes, data.expires
        )
    return KeyCreated(**msgspec.structs.asdict(_view(row)), key=secret)


@get("/keys")
async def list_keys(
    request: Caller,
    desk: NamedDependency[AuthDesk],
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Keys:
    """My API keys, newest first."""
    _require_person(request)
    async with desk.database.transaction() as session:
        found = await keys.listed(session, request.user.user_id, checked_cursor(cursor), limit + 1)
    items = [_view(row) for row in found[:limit]]
    return Keys(items, items[-1].id if len(found) > limit else None)


@delete("/keys/{key_id:uuid}")
async def delete_key(
    request: Caller, desk: NamedDependency[AuthDesk], key_id: FromPath[UUID]
) -> None:
    """Deletes an API key; it stops working at once."""
    _require_person(request)
    async with desk.database.transaction() as session:
        await keys.remove(session, request.user.user_id, str(key_id))


@get("/google/start", status_code=302)
async def google_start(desk: NamedDependency[AuthDesk]) -> Redirect:
    """Sends the browser to Google."""
    way = await _google(desk).start()
    return _redirect(way.url, [google_cookie(desk, way.cookie)])


@get("/google/callback", status_code=302)
async def google_callback(
    request: Anyone,
    desk: NamedDependency[AuthDesk],
    code: Annotated[str, QueryParameter(max_length=2048)] = "",
    sign_in_state: Annotated[str, QueryParameter(name="state")] = "",
) -> Redirect:
    """Where Google sends the browser back to: signs in and goes on to the studio."""
    google = _google(desk)
    if not code:
        raise service.invalid("code", "is missing: Google did not sign you in; begin again")
    who = await google.finish(code, sign_in_state, request.cookies.get(GOOGLE, ""))
    email = service.checked_email(who.email)
    async with desk.database.transaction() as session:
        account = await service.google_account(
            session, who.sub, email, who.name[:100],
            verified=who.email_verified, on_join=desk.on_join,
        )  # fmt: skip
        begun = await service.begin_session(session, account)
    access = desk.tokens.issue(account.id, account.role, begun.id)
    return _redirect("/", [*cookies(desk, access, begun.refresh_token), google_cookie(desk, "")])


def routes(desk: AuthDesk) -> Router:
    opened = public(sign_up, log_in, refresh, log_out, read_ways, google_start, google_callback)
    return Router(
        "/api/v1/auth",
        route_handlers=[*opened, read_me, create_key, list_keys, delete_key],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
    )


def _signed_in(desk: AuthDesk, begun: Session, status: int) -> Response[SignedIn]:
    access = desk.tokens.issue(begun.account.id, begun.account.role, begun.id)
    return Response(
        SignedIn(begun.account, access, ACCESS_SECONDS, begun.refresh_token),
        status_code=status,
        cookies=cookies(desk, access, begun.refresh_token),
    )


def _refresh_token(request: Anyone, data: Refresh | None) -> str:
    given = data.refresh_token if data else None
    return given or request.cookies.get(REFRESH, "")


def _require_person(request: Caller) -> None:
    if request.user.scopes is not None:
        raise Forbidden("an API key may not manage keys; sign in by password or Google")


def _google(desk: AuthDesk) -> GoogleSignIn:
    if desk.google is None:
        raise NotFound("sign-in by Google is not set up here; sign in by password")
    return desk.google


def _redirect(url: str, carried: list[Cookie]) -> Redirect:
    return Redirect(url, status_code=302, cookies=carried)


def _view(row: ApiKey) -> KeyView:
    return KeyView(
        row.id, row.name, row.prefix, row.scopes, row.expires_at, row.created_at, row.last_used_at
    )
