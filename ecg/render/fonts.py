"""``/fonts``: the families that captions can be set in, and those that an account brings itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from ecg.captions.fonts import OWN
from ecg.captions.styles import list_families, stands_behind
from ecg.kernel.database import utc_now
from ecg.kernel.errors import Conflict, FieldError, RequestInvalid
from ecg.kernel.identity import new_id
from ecg.kernel.storage import URL_SECONDS
from ecg.kernel.web import Caller
from ecg.render.desk import RenderDesk
from ecg.render.font_files import (
    LARGEST,
    complete,
    face_of,
    family_of,
    find_font,
    fonts_of,
    incoming,
    remove_font,
)
from ecg.render.models import Font
from ecg.render.service import lock_account

MOST = 40
"""Font files of one account."""

_TYPE = "application/octet-stream"
_FILENAME = r"^[^/\\\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+$(?!\n)"
"""No folders, no control characters, nothing that turns the direction of text."""


class NewFont(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``size`` in bytes. ``licensed``: you say that you may use this font in videos; the date is
    kept."""

    filename: Annotated[
        str, Meta(min_length=1, max_length=255, pattern=_FILENAME, examples=["Brand-Bold.ttf"])
    ]
    size: Annotated[int, Meta(ge=1, le=2**50, examples=[84120])]
    licensed: Annotated[bool, Meta(examples=[True])]


class FontBegun(msgspec.Struct, frozen=True):
    """PUT exactly the file's bytes to ``url`` with ``headers``, then complete it."""

    id: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class FontFile(msgspec.Struct, frozen=True):
    """A font file of yours. ``lightest`` and ``heaviest``: weights, 1..1000; ``axes``: what varies; ``scripts``:
    ISO 15924 codes of those that it has the letters of; ``unicode_range``: all its characters, as in CSS. ``url``: the
    file, for ten minutes at least."""

    id: str
    filename: str
    size: int
    lightest: int
    heaviest: int
    italic: bool
    axes: tuple[str, ...]
    scripts: tuple[str, ...]
    unicode_range: str
    licensed_at: datetime
    url: str


class FontView(msgspec.Struct, frozen=True):
    """``family``: what a style's ``overrides.font`` takes. ``title``: what people call it.
    ``files``: of a family of yours; none of a bundled one."""

    family: str
    title: str
    files: list[FontFile]


class Fonts(msgspec.Struct, frozen=True):
    items: list[FontView]
    next_cursor: None = None


@get("/fonts")
async def read_fonts(request: Caller, desk: NamedDependency[RenderDesk]) -> Fonts:
    """The fonts that any style can be set in, yours first; whatever one lacks is taken of others."""
    async with desk.database.transaction() as session:
        mine = await fonts_of(session, request.user.user_id)
    ready = sorted((one for one in mine if one.face), key=family_of)
    own = [
        FontView(OWN + family, family, [await _shown(desk, one) for one in files])
        for family, files in groupby(ready, family_of)
    ]
    bundled = [family for family in list_families() if not stands_behind(family)]
    return Fonts(own + [FontView(one, one.removesuffix(" Variable"), []) for one in bundled])


@post("/fonts", status_code=201)
async def begin_font(
    request: Caller, desk: NamedDependency[RenderDesk], data: JSONBody[NewFont]
) -> FontBegun:
    """Begins to bring a font of yours: a TrueType, OpenType or WOFF2 file, straight to the store.
    Only you can use it."""
    _check(data)
    owner, now = request.user.user_id, utc_now()
    font = Font(
        id=new_id(), owner_id=owner, filename=data.filename, size=data.size, face=None, key=None,
        sha256=None, licensed_at=now, expires_at=now + timedelta(seconds=URL_SECONDS),
    )  # fmt: skip
    async with desk.database.transaction() as session:
        await lock_account(session, owner)
        if len(await fonts_of(session, owner)) >= MOST:
            raise Conflict(f"an account may have {MOST} font files; delete one first")
        session.add(font)
    url = await desk.store.presign_put(
        incoming(font.id), public=True, ContentLength=font.size, ContentType=_TYPE
    )
    return FontBegun(font.id, url, {"Content-Type": _TYPE}, font.expires_at)


@post("/fonts/{font_id:uuid}/complete", status_code=200)
async def complete_font(
    request: Caller, desk: NamedDependency[RenderDesk], font_id: FromPath[UUID]
) -> FontView:
    """Reads the font that was sent, and answers with its family. Repeating it answers as before;
    what is no font, is damaged or forbids embedding is refused and removed."""
    owner, wanted = request.user.user_id, str(font_id)
    async with desk.database.transaction() as session:
        font = await find_font(session, owner, wanted)
    if font.face is None:
        font = await complete(desk, font)
    async with desk.database.transaction() as session:
        mine = await fonts_of(session, owner)
    family = family_of(font)
    files = [await _shown(desk, one) for one in mine if one.face and family_of(one) == family]
    return FontView(OWN + family, family, files)


@delete("/fonts/{font_id:uuid}")
async def delete_font(
    request: Caller, desk: NamedDependency[RenderDesk], font_id: FromPath[UUID]
) -> None:
    """Deletes a font file of yours. What was rendered stays; captions that name a family of which
    no file is left are drawn in their style's own font, and the render says so."""
    await remove_font(desk, request.user.user_id, str(font_id))


def _check(data: NewFont) -> None:
    faults: list[FieldError] = []
    if data.size > LARGEST:
        faults.append(FieldError("$.size", f"is {data.size}; at most {LARGEST} bytes"))
    if not data.licensed:
        what = "must be true: bring only a font that you hold a licence to use in videos"
        faults.append(FieldError("$.licensed", what))
    if faults:
        told = "; ".join(f"{fault.path}: {fault.message}" for fault in faults)
        raise RequestInvalid(told, tuple(faults))


async def _shown(desk: RenderDesk, font: Font) -> FontFile:
    face = face_of(font)
    return FontFile(
        id=font.id,
        filename=font.filename,
        size=font.size,
        lightest=face.lightest,
        heaviest=face.heaviest,
        italic=face.italic,
        axes=face.axes,
        scripts=face.scripts,
        unicode_range=face.unicode_range,
        licensed_at=font.licensed_at,
        url=await desk.store.presign_get(font.key or "", public=True),
    )


HANDLERS = [read_fonts, begin_font, complete_font, delete_font]
