"""Calls to other roles: short-lived service tokens, time-outs, retries and a circuit breaker
per peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Literal

import httpx
import jwt
import purgatory
import stamina
from prometheus_client import Gauge, Histogram
from purgatory.domain.model import OpenedState

from ecg.kernel.errors import (
    Conflict,
    EcgError,
    InputRefused,
    NotFound,
    Unauthorized,
    Unavailable,
)
from ecg.kernel.identity import new_id
from ecg.kernel.telemetry import Faults, current_trace

RoleName = Literal["api", "audio", "render"]

TOKEN_SECONDS = 60
ISSUER = "ecg"
TIMEOUT = httpx.Timeout(10, connect=2)
TRIES = 3
FAILURES_TO_OPEN = 5
SECONDS_OPEN = 5.0

stamina.instrumentation.set_on_retry_hooks([])  # else it logs each retry; Faults says it once

BREAKER = Gauge("ecg_breaker_open", "1 while calls to this peer are held back", ["peer"])
CALLS = Histogram("ecg_peer_call_seconds", "Calls to another role", ["peer", "outcome"])


def service_token(key: str, audience: RoleName) -> str:
    """A token by which one role calls another for the next minute."""
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": audience,
        "iat": now,
        "exp": now + timedelta(seconds=TOKEN_SECONDS),
        "jti": new_id(),
    }
    return jwt.encode(claims, key, algorithm="HS256")


def check_service_token(keys: Sequence[str], audience: RoleName, header: str) -> None:
    """Raises ``Unauthorized`` unless ``header`` (``Authorization``) has a token for
    ``audience`` signed with any of ``keys``."""
    kind, _, token = header.partition(" ")
    for key in keys if kind == "Bearer" else ():
        try:
            jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                audience=audience,
                issuer=ISSUER,
                options={"require": ["exp", "iat", "jti"]},
            )
        except jwt.InvalidTokenError:
            continue
        return
    raise Unauthorized("a service token for this role is needed")


class Peer:
    """Another role at ``url``. The caller closes it."""

    def __init__(self, role: RoleName, url: str, keys: Sequence[str], faults: Faults) -> None:
        self._role: RoleName = role
        self._key = keys[0]
        self._faults = faults
        self._client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, follow_redirects=False)
        self._breakers = purgatory.AsyncCircuitBreakerFactory(
            default_threshold=FAILURES_TO_OPEN, default_ttl=SECONDS_OPEN
        )
        BREAKER.labels(role).set(0)

    async def send(
        self,
        method: Literal["POST", "DELETE"],
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a 2xx answer. Safe to repeat calls only: a time-out, a refused connection
        or a 5xx is tried again.

        Raises ``NotFound``, ``Conflict``, ``InputRefused`` and ``Unauthorized`` as the peer
        answered, and ``Unavailable`` where it did not answer or its breaker is open.
        """
        breaker = await self._breakers.get_breaker(self._role)
        try:
            async with breaker:
                answer = await self._tried(method, path, body, headers or {})
        except OpenedState:
            raise self._absent() from None
        except (httpx.HTTPError, Unavailable) as error:
            context = getattr(breaker, "context", None)
            if getattr(context, "state", "") == "opened":
                BREAKER.labels(self._role).set(1)
                self._faults.failed(f"the {self._role} role", error)
            raise self._absent() from error
        BREAKER.labels(self._role).set(0)
        self._faults.worked(f"the {self._role} role")
        return _body(answer)

    async def close(self) -> None:
        await self._client.aclose()

    async def _tried(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx.Response:
        async for attempt in stamina.retry_context(
            on=(httpx.TransportError, Unavailable), attempts=TRIES, timeout=20, wait_initial=0.1
        ):
            with attempt:
                answer = await self._client.request(
                    method,
                    path,
                    content=body,
                    headers={
                        "Authorization": f"Bearer {service_token(self._key, self._role)}",
                        "traceparent": current_trace(),
                        "Content-Type": "application/json",
                        **headers,
                    },
                )
                CALLS.labels(self._role, str(answer.status_code)).observe(
                    answer.elapsed.total_seconds()
                )
                if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise Unavailable(f"the {self._role} role answered {answer.status_code}")
                return answer
        raise AssertionError  # stamina ends by an answer or an error

    def _absent(self) -> Unavailable:
        return Unavailable(f"the {self._role} role does not answer just now")


def _body(answer: httpx.Response) -> bytes:
    if answer.is_success:
        return answer.content
    kinds: dict[int, type[EcgError]] = {
        HTTPStatus.NOT_FOUND: NotFound,
        HTTPStatus.CONFLICT: Conflict,
        HTTPStatus.UNAUTHORIZED: Unauthorized,
        HTTPStatus.UNPROCESSABLE_ENTITY: InputRefused,
    }
    kind = kinds.get(answer.status_code, EcgError)
    raise kind(f"the peer refused the call with {answer.status_code}: {answer.text[:200]}")
