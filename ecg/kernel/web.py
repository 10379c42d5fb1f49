"""The server side of HTTP: one Litestar application a process, secure unless a route says
otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import structlog
from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
    DefineMiddleware,
)
from litestar.types import ASGIApp, ControllerRouterHandler

from ecg.kernel import openapi
from ecg.kernel.edge import Edge
from ecg.kernel.errors import EcgError, FieldError, Forbidden, RequestInvalid, Unavailable
from ecg.kernel.identity import Principal, is_id
from ecg.kernel.operations import operations
from ecg.kernel.problems import (
    BODY_LIMIT,
    on_defect,
    on_ecg_error,
    on_http_error,
    on_too_deep,
)
from ecg.kernel.rates import Window, counted

Caller = Request[Principal, Any, State]
"""A request that has been authenticated; ``caller.user`` is whom it acts for."""

_EXPOSED = [
    "ETag",
    "Location",
    "Retry-After",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
]
_UPKEEP_RETRY = 1.0

Authenticate = Callable[[ASGIConnection[Any, Any, Any, Any]], Awaitable[Principal]]
"""Who a connection acts for. Raises ``Unauthorized``."""


class Part(msgspec.Struct, frozen=True):
    """What a feature brings into a process.

    ``tasks`` run for as long as the process serves; one that fails is started again.
    ``checks`` are asked by ``/health/ready``, each raising where its store does not answer.
    """

    routes: Sequence[ControllerRouterHandler] = ()
    tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    checks: Mapping[str, Callable[[], Awaitable[None]]] = {}


def create_app(  # noqa: PLR0913 - each is a choice of its own
    parts: Sequence[Part],
    *,
    authenticate: Authenticate,
    role: str,
    origins: Sequence[str] = (),
    requests_per_minute: int = 600,
    version: str = "0",
    joined: openapi.Joined | None = None,
) -> Litestar:
    """The application of one process: the parts' routes with health and metrics.

    Every route demands a principal unless its ``opt`` has ``public=True``, and counts among its
    account's ``requests_per_minute`` unless that has ``own_rate=True``. ``origins`` may call it
    from a browser with credentials. ``joined`` is for the OpenAPI document.
    """
    checks = {name: check for part in parts for name, check in part.checks.items()}
    tasks = [task for part in parts for task in part.tasks]
    app = Litestar(
        [route for part in parts for route in part.routes] + operations(role, checks),
        middleware=[
            DefineMiddleware(
                _Authentication,
                authenticate=authenticate,
                window=Window(requests_per_minute),
                exclude_from_auth_key="public",
            ),
        ],
        cors_config=_cors(origins),
        exception_handlers={
            EcgError: on_ecg_error,  # pyright: ignore[reportArgumentType] - a handler of the subclass
            HTTPException: on_http_error,  # pyright: ignore[reportArgumentType]
            RecursionError: on_too_deep,  # pyright: ignore[reportArgumentType]
            Exception: on_defect,
        },
        before_request=_refuse_unstorable,
        request_max_body_size=BODY_LIMIT,
        openapi_config=openapi.config(version, joined or {}) if role == "api" else None,
        logging_config=None,
        lifespan=[lambda _app: _running(tasks)],
    )
    app.asgi_handler = Edge(app.asgi_handler)
    return app


def public(*handlers: HTTPRouteHandler) -> list[HTTPRouteHandler]:
    """The same handlers, open to everyone."""
    for handler in handlers:
        handler.opt["public"] = True
    return list(handlers)


@asynccontextmanager
async def _running(
    tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]],
) -> AsyncGenerator[None]:
    running = [asyncio.create_task(_kept(task)) for task in tasks]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _kept(task: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        try:
            await task()
        except Unavailable as error:  # which whoever called has said once
            structlog.get_logger("ecg.web").debug("background task waits", reason=error.message)
        except Exception as error:  # noqa: BLE001 - a background task outlives its failures
            structlog.get_logger("ecg.web").error("background task failed", exc_info=error)
        await asyncio.sleep(_UPKEEP_RETRY)


async def _refuse_unstorable(request: Request[Any, Any, Any]) -> None:
    """PostgreSQL holds UTF-8 without U+0000, so no other text comes in."""
    body = await request.body() if request.method in {"POST", "PUT", "PATCH"} else b""
    query = request.scope["query_string"]
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise RequestInvalid(f"the body is not UTF-8: byte {error.start} is wrong") from None
    if b"\\u0000" in body or b"%00" in query:
        raise RequestInvalid("the character U+0000 is not allowed in any text; leave it out")


class _Authentication(AbstractAuthenticationMiddleware):
    def __init__(
        self, app: ASGIApp, *, authenticate: Authenticate, window: Window, **options: Any
    ) -> None:
        super().__init__(app, **options)
        self._authenticate = authenticate
        self._window = window

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        principal = await self._authenticate(connection)
        structlog.contextvars.bind_contextvars(user_id=principal.user_id)
        method = cast(dict[str, Any], connection.scope).get("method")
        wanted = "read" if method in {"GET", "HEAD"} else "write"
        if principal.scopes is not None and wanted not in principal.scopes:
            raise Forbidden(f'this API key has no "{wanted}" scope; make one that has')
        handler = cast(dict[str, Any], connection.scope)["route_handler"]
        if not handler.opt.get("own_rate"):
            await counted(connection, self._window.limit, self._window.hit(principal.user_id))
        return AuthenticationResult(user=principal, auth=principal.token_id)


def _cors(origins: Sequence[str]) -> CORSConfig | None:
    if not origins:
        return None
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "If-Match",
            "Idempotency-Key",
            "traceparent",
        ],
        expose_headers=_EXPOSED,
        allow_credentials=True,
        max_age=600,
    )


def checked_cursor(cursor: str | None) -> str | None:
    """``cursor``, where it is one that a list gave. Raises ``RequestInvalid``."""
    if cursor is not None and not is_id(cursor):
        fault = FieldError("cursor", "is not one that a list gave as next_cursor")
        raise RequestInvalid(f"{fault.path}: {fault.message}; leave it out to begin", (fault,))
    return cursor
