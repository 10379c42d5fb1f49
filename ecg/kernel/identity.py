"""Identifiers, and who a request acts for."""

from __future__ import annotations

from typing import Literal

import msgspec
import uuid_utils


def new_id() -> str:
    """A UUIDv7 in canonical text form: unique, and sorted by the time it was made."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Whether ``text`` is a UUID in canonical form; anything else can name no row."""
    try:
        return str(uuid_utils.UUID(text)) == text
    except ValueError:
        return False


class Principal(msgspec.Struct, frozen=True):
    """The account that a request acts for, as its token says.

    ``scopes``: what an API key may do; ``None`` for a signed-in person, who may do everything
    that the role allows. ``token_id`` names the token (``jti``) or the key, ``session_id`` the
    sign-in that the token goes back to.
    """

    user_id: str
    role: Literal["user", "admin"]
    token_id: str
    scopes: tuple[Literal["read", "write"], ...] | None = None
    session_id: str = ""
