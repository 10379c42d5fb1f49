"""``/looks``: the styles that an account has set up and saved under a name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy import delete as remove
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.captions.scenario import Scenario, StyleChoice
from ecg.captions.styles import check_choice
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Conflict, DocumentInvalid, InputRefused, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.web import Caller
from ecg.render.desk import RenderDesk
from ecg.render.models import Look
from ecg.render.service import lock_account

MOST = 100
"""Looks of one account."""

_UNSEEN = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
_NAME = rf"^[^\s{_UNSEEN}]([^{_UNSEEN}]*[^\s{_UNSEEN}])?$(?!\n)"
"""No control characters, nothing that turns the direction of text, no space at the ends."""


class NewLook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``style``: as in a scenario. No two looks of an account have the same ``name``."""

    name: Annotated[
        str, Meta(min_length=1, max_length=80, pattern=_NAME, examples=["Calm interview"])
    ]
    style: StyleChoice


class LookView(msgspec.Struct, frozen=True):
    id: str
    name: str
    style: StyleChoice
    created_at: datetime


class Looks(msgspec.Struct, frozen=True):
    items: list[LookView]
    next_cursor: None = None


@get("/looks")
async def list_looks(request: Caller, desk: NamedDependency[RenderDesk]) -> Looks:
    """My saved looks, newest first; an account has at most a hundred."""
    query = select(Look).where(Look.owner_id == request.user.user_id).order_by(Look.id.desc())
    async with desk.database.transaction() as session:
        found = (await session.scalars(query)).all()
    return Looks([_view(look) for look in found])


@post("/looks", status_code=201)
async def create_look(
    request: Caller, desk: NamedDependency[RenderDesk], data: JSONBody[NewLook]
) -> LookView:
    """Saves a look under a name; a render takes it by its id as `look_id`."""
    check_choice(data.style)
    owner = request.user.user_id
    async with desk.database.transaction() as session:
        mine = await _locked(session, owner)
        if len(mine) >= MOST:
            raise Conflict(f"an account may have {MOST} looks; delete one first")
        _check_name(mine, data.name)
        look = Look(id=new_id(), owner_id=owner, created_at=utc_now(), **_values(data))
        session.add(look)
    return _view(look)


@put("/looks/{look_id:uuid}")
async def replace_look(
    request: Caller,
    desk: NamedDependency[RenderDesk],
    look_id: FromPath[UUID],
    data: JSONBody[NewLook],
) -> LookView:
    """Gives a look another name or style, or both. Renders that took it before stay as they are."""
    check_choice(data.style)
    owner, wanted = request.user.user_id, str(look_id)
    async with desk.database.transaction() as session:
        mine = await _locked(session, owner)
        look = next((one for one in mine if one.id == wanted), None)
        if look is None:
            raise _absent(wanted)
        _check_name([one for one in mine if one is not look], data.name)
        for name, value in _values(data).items():
            setattr(look, name, value)
    return _view(look)


@delete("/looks/{look_id:uuid}")
async def delete_look(
    request: Caller, desk: NamedDependency[RenderDesk], look_id: FromPath[UUID]
) -> None:
    """Deletes a look. Renders and scenarios that took it stay as they are."""
    owner, wanted = request.user.user_id, str(look_id)
    gone = remove(Look).where(Look.id == wanted, Look.owner_id == owner).returning(Look.id)
    async with desk.database.transaction() as session:
        if await session.scalar(gone) is None:
            raise _absent(wanted)


async def dressed(
    session: AsyncSession, owner_id: str, look_id: str, scenario: Scenario
) -> Scenario:
    """``scenario`` in the style of a look of the owner's. Raises ``NotFound``, and ``InputRefused``
    where the style has changed since and no longer has what was set."""
    look = await session.scalar(select(Look).where(Look.id == look_id, Look.owner_id == owner_id))
    if look is None:
        raise _absent(look_id)
    style = msgspec.convert(look.style, StyleChoice)
    try:
        check_choice(style)
    except DocumentInvalid as error:
        raise InputRefused(f'look "{look.name}": {error.message}; save it anew') from None
    return msgspec.structs.replace(scenario, style=style)


async def _locked(session: AsyncSession, owner_id: str) -> Sequence[Look]:
    """The owner's looks, which nobody else changes until the transaction ends."""
    await lock_account(session, owner_id)
    return (await session.scalars(select(Look).where(Look.owner_id == owner_id))).all()


def _check_name(others: Sequence[Look], name: str) -> None:
    if any(one.name == name for one in others):
        raise Conflict(f'you have a look called "{name}"; take another name, or replace that one')


def _absent(look_id: str) -> NotFound:
    return NotFound(f"you have no look {look_id}")


def _values(data: NewLook) -> dict[str, object]:
    return {"name": data.name, "style": msgspec.to_builtins(data.style)}


def _view(look: Look) -> LookView:
    return LookView(look.id, look.name, msgspec.convert(look.style, StyleChoice), look.created_at)


HANDLERS = [list_looks, create_look, replace_look, delete_look]
