"""The outermost part of an application: trace, security headers, rate headers and latency."""

from __future__ import annotations

import time
from functools import cache
from typing import Any, cast

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Histogram

from ecg.kernel.telemetry import begin_trace

LATENCY = Histogram(
    "ecg_request_seconds", "Time to the answer's first byte", ["method", "route", "status"]
)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Edge:
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
