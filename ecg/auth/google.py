"""Sign-in by Google: authorization code flow with PKCE, state, nonce and a verified id_token.

What must outlast the way to Google and back travels in a signed cookie, as the answer may come
to another process.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import httpx2
import jwt
import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from ecg.auth import tokens
from ecg.kernel.errors import FieldError, RequestInvalid, Unauthorized, Unavailable
from ecg.kernel.settings import GoogleSettings
from ecg.kernel.telemetry import Faults

T = TypeVar("T")

WAY_SECONDS = 600
"""Time that a person has at Google."""

_AUDIENCE = "ecg-google"
_TIMEOUT = httpx2.Timeout(10, connect=3)
_METADATA_SECONDS = 3600.0
_ALGORITHMS = ["RS256", "ES256"]
_LEEWAY = 30


class Way(msgspec.Struct, frozen=True):
    """``url``: where the browser goes. ``cookie``: what it brings back."""

    url: str
    cookie: str


class Identity(msgspec.Struct, frozen=True):
    sub: str
    email: str = ""
    email_verified: bool = False
    name: str = ""


class _Metadata(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Kept(msgspec.Struct, frozen=True):
    state: str
    nonce: str
    verifier: str


class GoogleSignIn:
    """``callback``: the address that Google sends the browser back to. ``keys`` sign the
    cookie."""

    def __init__(self, settings: GoogleSettings, callback: str, keys: Sequence[str]) -> None:
        self._faults = Faults()
        self._settings = settings
        self._callback = callback
        self._keys = keys
        self._metadata: _Metadata | None = None
        self._read_at = 0.0

    async def start(self) -> Way:
        """Raises ``Unavailable`` where Google does not answer."""
        kept = _Kept(*(secrets.token_urlsafe(32) for _ in range(3)))
        with self._faults.watched("Google"):
            return await self._begun(kept)

    async def _begun(self, kept: _Kept) -> Way:
        async with self._client() as client:
            metadata = await self._discover(client)
            made = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=kept.state,
                nonce=kept.nonce,
                code_verifier=kept.verifier,
            )
        claims = msgspec.structs.asdict(kept)
        return Way(str(made[0]), tokens.sign(self._keys, _AUDIENCE, claims, WAY_SECONDS))

    async def finish(self, code: str, state: str, cookie: str) -> Identity:
        """Who came back. Raises ``RequestInvalid`` where this browser did not set out,
        ``Unauthorized`` where Google does not vouch, ``Unavailable`` where it is silent."""
        kept = self._kept(state, cookie)
        with self._faults.watched("Google"):
            return await self._ended(kept, code)

    async def _ended(self, kept: _Kept, code: str) -> Identity:
        async with self._client() as client:
            metadata = await self._discover(client)
            try:
                answer: Any = await client.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=kept.verifier
                )
            except AuthlibBaseError:
                raise Unauthorized("Google did not accept the code; sign in again") from None
            except (httpx2.HTTPError, ValueError) as error:
                raise _silent() from error
            keys = await _read(client, metadata.jwks_uri, dict[str, Any])
        claims = self._verified(str(answer.get("id_token", "")), keys, metadata.issuer)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), kept.nonce.encode()):
            raise Unauthorized("the identity is of another sign-in (nonce); sign in again")
        return _identity(claims)

    def _client(self) -> Any:  # an AsyncOAuth2Client, which has no types
        return AsyncOAuth2Client(
            self._settings.client_id,
            self._settings.client_secret,
            scope="openid email profile",
            redirect_uri=self._callback,
            code_challenge_method="S256",
            timeout=_TIMEOUT,
        )

    def _kept(self, state: str, cookie: str) -> _Kept:
        fault = FieldError("state", "is not of a sign-in begun in this browser within 10 minutes")
        refusal = RequestInvalid(f"{fault.path}: {fault.message}; begin again", (fault,))
        try:
            kept = msgspec.convert(tokens.unsign(self._keys, _AUDIENCE, cookie), _Kept)
        except (Unauthorized, msgspec.ValidationError):
            raise refusal from None
        if not hmac.compare_digest(kept.state.encode(), state.encode()):
            raise refusal
        return kept

    async def _discover(self, client: Any) -> _Metadata:
        if not self._metadata or time.monotonic() - self._read_at > _METADATA_SECONDS:
            self._metadata = await _read(client, self._settings.discovery_url, _Metadata)
            self._read_at = time.monotonic()
        return self._metadata

    def _verified(self, token: str, keys: Mapping[str, Any], issuer: str) -> dict[str, Any]:
        try:
            name = jwt.get_unverified_header(token).get("kid")
            known = jwt.PyJWKSet.from_dict(dict(keys)).keys
            key = next(each for each in known if name is None or each.key_id == name)
            return jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._settings.client_id,
                issuer=issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.PyJWTError, StopIteration, ValueError, RecursionError):
            raise Unauthorized("Google's identity token is not valid; sign in again") from None


async def _read(client: Any, url: str, kind: type[T]) -> T:
    try:
        answer = cast(httpx2.Response, await client.request("GET", url, withhold_token=True))
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=kind)
    except (httpx2.HTTPError, msgspec.MsgspecError) as error:
        raise _silent() from error


def _identity(claims: Mapping[str, Any]) -> Identity:
    try:
        return msgspec.convert(claims, Identity)
    except msgspec.ValidationError:
        raise Unauthorized("Google's identity token is not valid; sign in again") from None


def _silent() -> Unavailable:
    return Unavailable("Google does not answer just now; try again shortly")
