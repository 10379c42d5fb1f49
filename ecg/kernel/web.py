"""The server side of HTTP: one Litestar application a process, secure unless a route says
otherwise."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import msgspec
import structlog
from litestar import Litestar, MediaType, Request, Response, Router, get
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
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

from ecg.kernel.errors import (
    EcgError,
    FieldError,
    Forbidden,
    RateLimited,
    RequestInvalid,
    Unavailable,
)
from ecg.kernel.identity import Principal, is_id
from ecg.kernel.problems import on_defect, on_ecg_error, on_http_error, on_too_deep
from ecg.kernel.telemetry import begin_trace

Caller = Request[Principal, Any, State]
"""A request that has been authenticated; ``caller.user`` is whom it acts for."""

LATENCY = Histogram(
    "ecg_request_seconds", "Time to the answer's first byte", ["method", "route", "status"]
)

BODY_LIMIT = 3 << 20
"""Bytes of any request's body: a scenario may have 2 MB, and nothing else comes near."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}

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


class Window:
    """A sliding window of hits per subject, in this process's memory."""

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self.limit = limit
        self.seconds = seconds
        self._hits: dict[str, deque[float]] = {}
        self._swept = time.monotonic()

    def hit(self, subject: str) -> tuple[int, int]:
        """Counts a hit; returns (hits left, seconds until the oldest leaves the window).
        Raises ``RateLimited`` where none was left."""
        now = time.monotonic()
        self._sweep(now)
        hits = self._hits.setdefault(subject, deque())
        while hits and hits[0] <= now - self.seconds:
            hits.popleft()
        reset = int(hits[0] + self.seconds - now) + 1 if hits else int(self.seconds)
        if len(hits) >= self.limit:
            raise RateLimited(
                f"more than {self.limit} requests in {self.seconds:.0f} s; come back in {reset} s",
                reset,
            )
        hits.append(now)
        return self.limit - len(hits), reset

    def _sweep(self, now: float) -> None:
        if now - self._swept > self.seconds:
            self._swept = now
            old = now - self.seconds
            self._hits = {who: hits for who, hits in self._hits.items() if hits and hits[-1] > old}


def create_app(  # noqa: PLR0913 - each is a choice of its own
    parts: Sequence[Part],
    *,
    authenticate: Authenticate,
    role: str,
    origins: Sequence[str] = (),
    requests_per_minute: int = 600,
    version: str = "0",
) -> Litestar:
    """The application of one process: the parts' routes with health and metrics.

    Every route demands a principal unless its ``opt`` has ``public=True``. ``origins`` may
    call it from a browser with credentials.
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
        openapi_config=_openapi(version) if role == "api" else None,
        logging_config=None,
        lifespan=[lambda _app: _running(tasks)],
    )
    app.asgi_handler = _Edge(app.asgi_handler)
    return app


def public(*handlers: HTTPRouteHandler) -> list[HTTPRouteHandler]:
    """The same handlers, open to everyone."""
    for handler in handlers:
        handler.opt["public"] = True
    return list(handlers)


def operations(
    role: str, checks: Mapping[str, Callable[[], Awaitable[None]]]
) -> list[ControllerRouterHandler]:
    """``/health/live``, ``/health/ready`` and ``/metrics``: open, for balancers and Prometheus."""

    @get("/health/live", media_type=MediaType.JSON, public=True, include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "ok", "role": role}

    @get("/health/ready", media_type=MediaType.JSON, public=True, include_in_schema=False)
    async def ready() -> Response[dict[str, Any]]:
        answers = dict(
            zip(checks, await asyncio.gather(*map(_asked, checks.values())), strict=True)
        )
        ok = all(answer == "ok" for answer in answers.values())
        return Response(
            {"status": "ok" if ok else "unavailable", "role": role, "checks": answers},
            status_code=200 if ok else 503,
        )

    @get("/metrics", public=True, include_in_schema=False)
    async def metrics() -> Response[bytes]:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [live, ready, metrics]


async def _asked(check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(3):
            await check()
    except TimeoutError:
        return "does not answer within 3 s"
    except Exception as error:  # noqa: BLE001 - whatever a store's client raises is the answer
        return error.message if isinstance(error, EcgError) else type(error).__name__
    return "ok"


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
        left, reset = self._window.hit(principal.user_id)
        connection.scope["state"]["rate"] = (self._window.limit, left, reset)
        return AuthenticationResult(user=principal, auth=principal.token_id)


class _Edge:
    """Trace, security headers, rate headers and latency of every request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        sent = dict(scope["headers"]).get(b"traceparent", b"")
        trace = begin_trace(sent.decode("latin-1"))
        started = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _decorate(cast(Any, message)["headers"], scope, trace)
                route: str = scope.get("path_template") or "none"
                _latency(scope["method"], route, message["status"]).observe(
                    time.perf_counter() - started
                )
            await send(message)

        await self.app(scope, receive, sending)


@cache
def _latency(method: str, route: str, status: int) -> Histogram:
    return LATENCY.labels(method, route, str(status))


_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def _decorate(headers: list[tuple[bytes, bytes]], scope: Scope, trace: str) -> None:
    """Works on the raw list: every request pays for this."""
    given = {name for name, _ in headers}
    headers.extend(header for header in _SECURITY if header[0] not in given)
    headers.append((b"x-request-id", trace[3:35].encode()))
    rate = scope["state"].get("rate")
    if rate:
        limit, left, reset = rate
        headers.append((b"ratelimit-limit", b"%d" % limit))
        headers.append((b"ratelimit-remaining", b"%d" % left))
        headers.append((b"ratelimit-reset", b"%d" % reset))


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


def _openapi(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="ECG",
        version=version,
        description="Captions that look the way the speech sounds.",
        openapi_router=Router("/api/v1", route_handlers=[], opt={"public": True}),
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="An access token, or an API key (`ecg_…`).",
                )
            }
        ),
        security=[{"bearer": []}],
    )


def takes(example: dict[str, Any], described: str) -> type[Operation]:
    """For a handler that reads its body itself: what the OpenAPI document says of it."""

    @dataclass
    class Taking(Operation):
        def __post_init__(self) -> None:
            schema = Schema(
                type=OpenAPIType.OBJECT,
                description=described,
                properties={name: Schema() for name in example},
                examples=[example],
            )
            content = {"application/json": OpenAPIMediaType(schema=schema, example=example)}
            self.request_body = RequestBody(content, required=True)

    return Taking


def checked_cursor(cursor: str | None) -> str | None:
    """``cursor``, where it is one that a list gave. Raises ``RequestInvalid``."""
    if cursor is not None and not is_id(cursor):
        fault = FieldError("cursor", "is not one that a list gave as next_cursor")
        raise RequestInvalid(f"{fault.path}: {fault.message}; leave it out to begin", (fault,))
    return cursor
