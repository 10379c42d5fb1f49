"""Access tokens (signed, 15 min, not stored) and secrets (random, stored as their SHA-256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import jwt
import msgspec

from ecg.kernel.errors import Unauthorized
from ecg.kernel.identity import Principal, new_id

ACCESS_SECONDS = 900
ISSUER = "ecg"
AUDIENCE = "ecg-users"
KNOWN_LIMIT = 10_000
"""Verified tokens remembered in a process, so that a signature is checked once."""

_ALGORITHM = "HS256"
_LONGEST = 4096


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    role: Literal["user", "admin"]
    jti: str
    exp: int
    sid: str = ""


class AccessTokens:
    """Makes and reads access tokens. Of ``keys`` the first signs and all are accepted."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys
        self._known: dict[str, tuple[Principal, int]] = {}
        self._ended: frozenset[str] = frozenset()

    def issue(self, user_id: str, role: str, session_id: str) -> str:
        claims = {"sub": user_id, "role": role, "jti": new_id(), "sid": session_id}
        return sign(self._keys, AUDIENCE, claims, ACCESS_SECONDS)

    def follower(self, refresh_token: str) -> str:
        """The refresh token that a used one gives: always the same, and told by our key only."""
        made = hmac.digest(self._keys[0].encode(), b"refresh " + refresh_token.encode(), "sha256")
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    def refuse(self, session_ids: Collection[str]) -> None:
        """From now on refuses the tokens of these sessions, and of no others."""
        self._ended = frozenset(session_ids)

    def read(self, token: str) -> Principal:
        """Whom the token acts for. Raises ``Unauthorized`` for whatever is not ours and valid
        now."""
        known = self._known.get(token)
        if known is None:
            known = self._verified(token)
            if len(self._known) >= KNOWN_LIMIT:
                del self._known[next(iter(self._known))]
            self._known[token] = known
        if known[1] <= time.time():
            self._known.pop(token, None)
            raise _refused()
        if known[0].session_id in self._ended:
            raise _refused()
        return known[0]

    def _verified(self, token: str) -> tuple[Principal, int]:
        try:
            claims = msgspec.convert(unsign(self._keys, AUDIENCE, token), _Claims)
        except msgspec.ValidationError:
            raise _refused() from None
        principal = Principal(claims.sub, claims.role, claims.jti, session_id=claims.sid)
        return principal, claims.exp


def sign(keys: Sequence[str], audience: str, claims: Mapping[str, Any], seconds: int) -> str:
    """``claims`` as a token for ``audience`` that holds for ``seconds``."""
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": audience, "iat": now, "exp": now + seconds, **claims}
    return jwt.encode(whole, keys[0], algorithm=_ALGORITHM)


def unsign(keys: Sequence[str], audience: str, token: str) -> dict[str, Any]:
    """The claims of what ``sign`` made. Raises ``Unauthorized``."""
    for key in keys if len(token) <= _LONGEST else ():
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=audience,
                issuer=ISSUER,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            continue  # a header nested a thousand deep is garbage like any other
    raise _refused()


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is stored of a secret. Fast on purpose: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _refused() -> Unauthorized:
    return Unauthorized("the access token is not valid or has expired; sign in or refresh")
