"""The font files that an account brought: read once they are sent, handed to renders, removed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import delete as remove
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.captions.fonts import FontFace, own_family
from ecg.captions.scenario import Scenario
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Conflict, InputRefused, MediaRefused, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.leftovers import leave, remove_now
from ecg.render.desk import RenderDesk
from ecg.render.interfaces import FONTS, OwnFont
from ecg.render.models import Font
from ecg.render.service import lock_account

LARGEST = 25_000_000
"""Bytes of a font file."""

CLEAN_EVERY = 600.0
"""Seconds between two searches for uploads that were given up."""


async def fonts_for(
    session: AsyncSession, owner_id: str, scenario: Scenario
) -> tuple[OwnFont, ...]:
    """The owner's files of the family that the scenario is set in."""
    family = own_family(scenario)
    if family is None:
        return ()
    return tuple(
        OwnFont(face_of(font), f"{FONTS}/{font.id}", font.size, font.sha256 or "")
        for font in await fonts_of(session, owner_id)
        if font.face and family_of(font) == family
    )


async def complete(desk: RenderDesk, font: Font) -> Font:
    """The font with what was read in it. Raises ``InputRefused`` where it was not sent yet,
    ``MediaRefused`` and ``Conflict``, after which nothing is left of it."""
    key = f"{_objects(font.id)}{new_id()}"  # where nobody can write: the URL still holds a while
    try:
        await desk.store.copy(incoming(font.id), key)
        data = await desk.store.read(key, LARGEST + 1)
    except NotFound:
        async with desk.database.transaction() as session:
            kept = await find_font(session, font.owner_id, font.id)
        if kept.face is not None:  # completed by a request at the same time
            return kept
        raise InputRefused(
            "the font is not there yet; send it to the URL and complete again"
        ) from None
    try:
        face = await _read(desk, font, data)
    except MediaRefused as error:
        await remove_font(desk, font.owner_id, font.id)
        raise MediaRefused(f"{font.filename}: {error.message}") from None
    digest = hashlib.sha256(data).hexdigest()
    async with desk.database.transaction() as session:
        await lock_account(session, font.owner_id)
        mine = await fonts_of(session, font.owner_id)
        kept = next((one for one in mine if one.id == font.id), None)
        if kept is None:
            raise _absent(font.id)
        twin = any(one.sha256 == digest and one is not kept for one in mine)
        if kept.face is None and not twin:
            kept.face, kept.key, kept.sha256 = msgspec.to_builtins(face), key, digest
    if twin:
        await remove_font(desk, font.owner_id, font.id)
        raise Conflict(f'{font.filename}: you have this file of "{face.family}" already')
    await desk.store.delete(sorted({incoming(font.id), key} - {kept.key}))
    return kept


async def _read(desk: RenderDesk, font: Font, data: bytes) -> FontFace:
    if len(data) != font.size:
        raise MediaRefused(f"it has {len(data)} bytes, {font.size} were announced")
    return await desk.read_font(data)


async def remove_font(desk: RenderDesk, owner_id: str, font_id: str) -> None:
    """Raises ``NotFound``."""
    gone = remove(Font).where(Font.id == font_id, Font.owner_id == owner_id).returning(Font.id)
    async with desk.database.transaction() as session:
        if await session.scalar(gone) is None:
            raise _absent(font_id)
        await leave(session, [_objects(font_id)])
    await remove_now(desk.store, [_objects(font_id)])


async def find_font(session: AsyncSession, owner_id: str, font_id: str) -> Font:
    """Raises ``NotFound``."""
    query = select(Font).where(Font.id == font_id, Font.owner_id == owner_id)
    font = await session.scalar(query)
    if font is None:
        raise _absent(font_id)
    return font


async def fonts_of(session: AsyncSession, owner_id: str) -> Sequence[Font]:
    """Oldest first, those that are being brought too."""
    query = select(Font).where(Font.owner_id == owner_id).order_by(Font.id)
    return (await session.scalars(query)).all()


async def clean_for_ever(desk: RenderDesk) -> None:
    while True:
        await clean_up(desk)
        await asyncio.sleep(CLEAN_EVERY)


async def clean_up(desk: RenderDesk) -> int:
    """Removes uploads that have run out; returns how many."""
    over = Font.face.is_(None), Font.expires_at < utc_now()
    async with desk.database.transaction() as session:
        gone = (await session.scalars(remove(Font).where(*over).returning(Font.id))).all()
        left = [_objects(font_id) for font_id in gone]
        await leave(session, left)
    await remove_now(desk.store, left)
    return len(gone)


def face_of(font: Font) -> FontFace:
    return msgspec.convert(font.face, FontFace)


def family_of(font: Font) -> str:
    return str((font.face or {})["family"])


def _absent(font_id: str) -> NotFound:
    return NotFound(f"you have no font {font_id}")


def _objects(font_id: str) -> str:
    return f"{FONTS}/{font_id}/"


def incoming(font_id: str) -> str:
    return f"{_objects(font_id)}incoming"
