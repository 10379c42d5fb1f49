"""Logs, metrics and the id that follows one request across roles."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import structlog
from prometheus_client import Counter

from ecg.kernel.errors import Unavailable

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
"""W3C Trace Context, version 00."""

FAULTS = Counter("ecg_faults_total", "Lasting faults, one for each time one began", ["what"])

_MASKED = re.compile(
    r"token|secret|password|signature|authorization|cookie|(^|_)key$|url", re.IGNORECASE
)
_CREDENTIAL = re.compile(
    r"(://[^:/@\s]*:)[^/\s]+@"
    r"|((?:X-Amz-Signature|X-Amz-Credential|token|code|password|secret)=)[^&\s\"']+"
    r"|(ecg_[0-9a-z]{4})[0-9A-Za-z_-]+|(whsec_)[0-9A-Za-z+/=_-]+"
    r"|(eyJ[0-9A-Za-z_-]{4})[0-9A-Za-z_.-]+",
    re.IGNORECASE,
)


def set_up_logs(*, level: str = "INFO", as_json: bool = True) -> None:
    """Sends every log of the process, libraries' included, to standard error: one JSON object
    a line, or a coloured line for a person. Secrets are masked whoever logs them."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in (
        "alembic",
        "saq",
        "httpx",
        "httpcore",
        "botocore",
        "aiobotocore",
        "uvicorn.access",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def begin_trace(traceparent: str | None = None) -> str:
    """Binds ``request_id`` for everything logged from here on; returns the ``traceparent`` to
    hand on. A well-formed one that came in is continued, else a new trace begins."""
    match = TRACEPARENT.fullmatch(traceparent or "")
    trace = match.group(1) if match else secrets.token_hex(16)
    structlog.contextvars.bind_contextvars(request_id=trace)
    return f"00-{trace}-{secrets.token_hex(8)}-01"


def current_trace() -> str:
    """The ``traceparent`` to send with a call made on behalf of the present request."""
    trace: str = structlog.contextvars.get_contextvars().get("request_id") or secrets.token_hex(16)
    return f"00-{trace}-{secrets.token_hex(8)}-01"


class Faults:
    """Logs a lasting fault once when it begins and once when it ends, not once per retry."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("ecg.faults")
        self._present: set[str] = set()

    def failed(self, what: str, error: BaseException) -> None:
        """``what`` does not work, for the reason in ``error``."""
        if what not in self._present:
            self._present.add(what)
            FAULTS.labels(what).inc()
            self._log.error("fault", what=what, reason=f"{type(error).__name__}: {error}")

    @contextmanager
    def watched(self, what: str) -> Generator[None]:
        """``what`` works where the block ends, and does not where it raises ``Unavailable``."""
        try:
            yield
        except Unavailable as error:
            self.failed(what, error.__cause__ or error)
            raise
        self.worked(what)

    def worked(self, what: str) -> None:
        """``what`` works (again)."""
        if what in self._present:
            self._present.discard(what)
            self._log.info("fault over", what=what)


def _mask(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    for key, value in event.items():
        if key.startswith("_"):
            continue
        if _MASKED.search(key):
            event[key] = "…"
        elif isinstance(value, str):
            event[key] = _CREDENTIAL.sub(_shortened, value)
    return event


def _shortened(match: re.Match[str]) -> str:
    kept = next((part for part in match.groups() if part), "")
    return f"{kept}…" + ("@" if match.group(1) else "")
