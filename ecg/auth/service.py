"""Accounts and sessions. Every function works in the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.auth import tokens
from ecg.auth.models import ApiKey, RefreshToken, User
from ecg.kernel.database import utc_now
from ecg.kernel.errors import (
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    RequestInvalid,
    Unauthorized,
)
from ecg.kernel.identity import Principal, new_id

Role = Literal["user", "admin"]

REFRESH_DAYS = 30
GRACE = timedelta(seconds=30)
"""How long a used refresh token gives the token again that its first use gave."""
_SKEW = 60
"""Seconds by which the clocks of two processes may differ."""
PASSWORD_LENGTH = (8, 1024)
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")
_EMAIL_LONGEST = 254


class EmailTaken(Conflict):
    errors = (FieldError("$.email", "an account with this address exists"),)

    def __init__(self) -> None:
        super().__init__("$.email: an account with this address exists; sign in instead")


class Account(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    role: Role


class Session(msgspec.Struct, frozen=True):
    """``id``: the family of its refresh tokens. ``refresh_token`` exists here and with the
    client only; the table has its hash."""

    id: str
    account: Account
    refresh_token: str


def checked_email(email: str) -> str:
    """The address as it is stored. Raises ``RequestInvalid``."""
    lower = email.strip().lower()
    if len(lower) > _EMAIL_LONGEST or not _EMAIL.fullmatch(lower):
        raise invalid("$.email", "is no e-mail address; write one such as ada@example.org")
    return lower


def checked_password(password: str) -> str:
    """``password`` where it may be one. Raises ``RequestInvalid``."""
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest:
        raise invalid(
            "$.password", f"has {len(password)} characters; take {shortest} to {longest:,}"
        )
    return password


def invalid(path: str, message: str) -> RequestInvalid:
    return RequestInvalid(f"{path}: {message}", (FieldError(path, message),))


async def create_user(  # noqa: PLR0913 - one column each
    session: AsyncSession,
    email: str,
    *,
    password_hash: str | None,
    name: str = "",
    role: Role = "user",
    google_sub: str | None = None,
) -> Account:
    """Adds an account. Raises ``EmailTaken`` where there is one of this address."""
    account = Account(new_id(), email, name, role)
    values = msgspec.structs.asdict(account)
    statement = insert(User).values(
        **values, password_hash=password_hash, google_sub=google_sub, created_at=utc_now()
    )
    done = await session.scalar(statement.on_conflict_do_nothing().returning(User.id))
    if done is None:
        raise EmailTaken
    return account


async def find_account(session: AsyncSession, email: str) -> Account:
    """Raises ``NotFound``."""
    user = await session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(f"no account has the address {email}; `ecg users create` makes one")
    return account_of(user)


async def set_role(session: AsyncSession, email: str, role: Role) -> Account:
    """Raises ``NotFound``. Access tokens given before keep the old role for up to 15 min."""
    account = await find_account(session, email)
    await session.execute(update(User).where(User.id == account.id).values(role=role))
    return msgspec.structs.replace(account, role=role)


async def read_account(session: AsyncSession, user_id: str) -> Account | None:
    user = await session.get(User, user_id)
    return account_of(user) if user else None


async def credentials(session: AsyncSession, email: str) -> tuple[Account | None, str | None]:
    """The account of an address and its password's hash, where there are such."""
    user = await session.scalar(select(User).where(User.email == email))
    return (account_of(user), user.password_hash) if user else (None, None)


async def require_live(session: AsyncSession, principal: Principal) -> None:
    """Holds the account until the caller's transaction ends, and sees that the session or the
    key it came by has not ended: for what would outlast them. Raises ``Unauthorized``."""
    owner = principal.user_id
    # a statement of its own, so that the next sees what its former holder committed
    await session.execute(select(User.id).where(User.id == owner).with_for_update(key_share=True))
    if principal.scopes is None:
        alive: Any = select(RefreshToken.id).where(
            RefreshToken.family_id == principal.session_id,
            RefreshToken.user_id == owner,
            RefreshToken.revoked_at.is_(None),
        )
    else:
        alive = select(ApiKey.id).where(ApiKey.id == principal.token_id, ApiKey.owner_id == owner)
    if await session.scalar(alive.limit(1)) is None:
        raise Unauthorized("this session has ended; sign in again")


async def ended_sessions(session: AsyncSession) -> Sequence[str]:
    """Those of which an access token may still be about."""
    since = utc_now() - timedelta(seconds=tokens.ACCESS_SECONDS + _SKEW)
    ended = select(RefreshToken.family_id).where(RefreshToken.revoked_at > since).distinct()
    return (await session.scalars(ended)).all()


async def holds(session: AsyncSession, account: Account, password_hash: str) -> bool:
    """Whether this is (still) the account's password; it stays so until the caller's transaction
    ends."""
    mine = select(User.id).where(User.id == account.id, User.password_hash == password_hash)
    return await session.scalar(mine.with_for_update(key_share=True)) is not None


async def begin_session(session: AsyncSession, account: Account) -> Session:
    first = new_id()
    secret = tokens.new_secret()
    await _add_token(session, account.id, first, first, secret)
    return Session(first, account, secret)


async def rotate(session: AsyncSession, refresh_token: str, follower: str) -> Session | None:
    """The session that goes on with ``follower`` in the token's place, or ``None``: unknown,
    expired or revoked.

    The answer to a first use is lost where a page is loaded anew while it waits, so a second use
    within ``GRACE`` gives the same follower, unless that one was used: then it came. Any other
    second use revokes the whole family, which the caller must commit."""
    token = await _locked(session, refresh_token)
    if token is None or token.revoked_at or token.expires_at <= utc_now():
        return None
    if token.used_at is None:
        token.used_at = utc_now()
        await _add_token(session, token.user_id, new_id(), token.family_id, follower)
    elif utc_now() - token.used_at > GRACE or not await _unused(session, follower):
        await _revoke(session, token.family_id)
        return None
    user = await session.get_one(User, token.user_id)
    return Session(token.family_id, account_of(user), follower)


async def end_session(session: AsyncSession, refresh_token: str) -> None:
    token = await _locked(session, refresh_token)
    if token:
        await _revoke(session, token.family_id)


async def google_account(  # noqa: PLR0913 - what Google says of a person
    session: AsyncSession,
    sub: str,
    email: str,
    name: str,
    *,
    verified: bool,
    on_join: Callable[[AsyncSession, str], Awaitable[None]],
) -> Account:
    """The account of a Google identity: known by ``sub``, else joined by its verified address,
    else new. Raises ``Forbidden`` for an address that Google has not verified.

    Nobody had proven the address of an account that is joined, so whoever made it loses every
    way in: password, sessions and keys; and by ``on_join`` every way out: webhooks.
    """
    user = await session.scalar(select(User).where(User.google_sub == sub))
    if user:
        return account_of(user)
    if not verified:
        raise Forbidden("Google has not verified this e-mail address; verify it there first")
    user = await session.scalar(select(User).where(User.email == email).with_for_update())
    if user is None:
        return await create_user(session, email, password_hash=None, name=name, google_sub=sub)
    if user.google_sub:
        raise Conflict("the account of this e-mail address belongs to another Google identity")
    user.google_sub, user.password_hash = sub, None
    await session.execute(
        update(RefreshToken).where(RefreshToken.user_id == user.id).values(revoked_at=utc_now())
    )
    await session.execute(delete(ApiKey).where(ApiKey.owner_id == user.id))
    await on_join(session, user.id)
    return account_of(user)


async def sweep(session: AsyncSession) -> None:
    """Removes the sessions of which every token has expired."""
    ended = (
        select(RefreshToken.family_id)
        .group_by(RefreshToken.family_id)
        .having(func.max(RefreshToken.expires_at) < utc_now())
    )
    await session.execute(delete(RefreshToken).where(RefreshToken.family_id.in_(ended)))


def account_of(user: User) -> Account:
    return Account(user.id, user.email, user.name, cast(Role, user.role))


async def _add_token(
    session: AsyncSession, user_id: str, token_id: str, family_id: str, secret: str
) -> None:
    row = RefreshToken(
        id=token_id,
        family_id=family_id,
        user_id=user_id,
        hash=tokens.hashed(secret),
        expires_at=utc_now() + timedelta(days=REFRESH_DAYS),
    )
    session.add(row)
    await session.flush()


async def _unused(session: AsyncSession, refresh_token: str) -> bool:
    wanted: Any = select(RefreshToken.id).where(
        RefreshToken.hash == tokens.hashed(refresh_token), RefreshToken.used_at.is_(None)
    )
    return await session.scalar(wanted) is not None


async def _locked(session: AsyncSession, refresh_token: str) -> RefreshToken | None:
    """The token, with its whole family locked by its first row: a rotation beside a revocation
    would else add a token that the revocation does not see."""
    wanted: Any = select(RefreshToken).where(RefreshToken.hash == tokens.hashed(refresh_token))
    token = await session.scalar(wanted)
    if token is None:
        return None
    first = select(RefreshToken.id).where(RefreshToken.id == token.family_id)
    await session.execute(first.with_for_update())
    return await session.scalar(wanted.execution_options(populate_existing=True))


async def _revoke(session: AsyncSession, family_id: str) -> None:
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=utc_now())
    )
