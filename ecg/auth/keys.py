"""API keys, for scripts and automation: shown once, stored as their hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.auth import tokens
from ecg.auth.models import ApiKey, User
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Conflict, NotFound, Unauthorized
from ecg.kernel.identity import Principal, new_id

Scope = Literal["read", "write"]

PREFIX = "ecg_"
AT_MOST = 100
"""Keys of one account."""

USE_EVERY = timedelta(minutes=1)
"""How exactly ``last_used_at`` is kept: a write for each request would cost more than it."""

_SHOWN = 12


async def create(
    session: AsyncSession,
    owner_id: str,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """The row, and the key itself. Raises ``Conflict`` at ``AT_MOST`` keys."""
    count = select(func.count()).select_from(ApiKey).where(ApiKey.owner_id == owner_id)
    if (await session.scalar(count) or 0) >= AT_MOST:
        raise Conflict(f"an account has at most {AT_MOST} API keys; delete one first")
    secret = PREFIX + tokens.new_secret()
    row = ApiKey(
        id=new_id(),
        owner_id=owner_id,
        name=name,
        hash=tokens.hashed(secret),
        prefix=secret[:_SHOWN],
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        created_at=utc_now(),
    )
    session.add(row)
    await session.flush()
    return row, secret


async def listed(
    session: AsyncSession, owner_id: str, cursor: str | None, limit: int
) -> Sequence[ApiKey]:
    query = select(ApiKey).where(ApiKey.owner_id == owner_id).order_by(ApiKey.id.desc())
    if cursor:
        query = query.where(ApiKey.id < cursor)
    return (await session.scalars(query.limit(limit))).all()


async def remove(session: AsyncSession, owner_id: str, key_id: str) -> None:
    """Raises ``NotFound``."""
    gone = await session.scalar(
        delete(ApiKey).where(ApiKey.id == key_id, ApiKey.owner_id == owner_id).returning(ApiKey.id)
    )
    if gone is None:
        raise NotFound("no such API key")


async def principal(session: AsyncSession, secret: str) -> Principal:
    """Whom the key acts for. Raises ``Unauthorized``."""
    now = utc_now()
    found = await session.execute(
        select(ApiKey.id, ApiKey.owner_id, ApiKey.scopes, ApiKey.last_used_at, User.role)
        .join(User, User.id == ApiKey.owner_id)
        .where(
            ApiKey.hash == tokens.hashed(secret),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
    )
    row = found.one_or_none()
    if row is None:
        raise Unauthorized("the API key is not valid or has expired; make a new one")
    key_id, owner_id, scopes, used, role = row
    old = now - USE_EVERY
    if used is None or used < old:
        await session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < old)
            )
            .values(last_used_at=now)
        )
    return Principal(
        owner_id,
        cast(Literal["user", "admin"], role),
        key_id,
        cast(tuple[Scope, ...], tuple(scopes)),
    )
