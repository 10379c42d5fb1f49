"""Errors on the wire: RFC 9457 ``application/problem+json``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from ecg.kernel.errors import (
    DocumentInvalid,
    EcgError,
    FieldError,
    RateLimited,
    RequestInvalid,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"

BODY_LIMIT = 3 << 20
"""Bytes of any request's body: a scenario may have 2 MB, and nothing else comes near."""


class Problem(msgspec.Struct, frozen=True):
    """What an error says. ``code`` is stable and is what programs match on; ``detail`` is for
    people; ``errors`` names each field that was refused. ``instance`` is the id of the request,
    or of the one that a job was made by, by which an operator finds it in the logs."""

    title: str
    status: int
    detail: str
    code: str
    instance: str
    type: str = "about:blank"
    errors: tuple[FieldError, ...] | msgspec.UnsetType = msgspec.UNSET


def problem_of(error: EcgError, trace: str = "") -> Problem:
    """The problem that says what ``error`` says. ``trace``: the ``traceparent`` under which it
    happened, where that was not the present request."""
    errors: tuple[FieldError, ...] = getattr(error, "errors", ())
    if isinstance(error, DocumentInvalid):
        errors = (FieldError(error.path, error.message.removeprefix(f"{error.path}: ")),)
    return Problem(
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.message,
        code=error.code,
        instance=_instance(trace),
        errors=errors or msgspec.UNSET,
    )


def _instance(trace: str = "") -> str:
    present: str = structlog.contextvars.get_contextvars().get("request_id", "")
    return f"urn:request:{trace[3:35] or present}"


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """The HTTP answer that carries ``problem``."""
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers or {},
    )


def on_ecg_error(_request: Request[Any, Any, Any], error: EcgError) -> Response[bytes]:
    """Handles what ECG itself raises. What is the server's fault is logged with its cause, but
    that a store or a role is away: whoever calls it says so once, not once a request."""
    headers: dict[str, str] = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after)
    elif error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    elif error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, Unavailable):
        structlog.get_logger("ecg.web").warning("request failed", code=error.code, exc_info=error)
    return respond(problem_of(error), headers)


def on_http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Handles what Litestar raises: no such route, wrong method, a body of the wrong shape."""
    if isinstance(error, ValidationException):
        return respond(problem_of(RequestInvalid(*_validation(error))))
    status = HTTPStatus(error.status_code)
    code = {
        HTTPStatus.BAD_REQUEST: "request_malformed",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    }.get(status, status.phrase.lower().replace(" ", "_"))
    detail = error.detail if status < HTTPStatus.INTERNAL_SERVER_ERROR else "see the server's log"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = f"the body is larger than the {BODY_LIMIT:,} bytes that are taken; send less"
    headers = {name.title(): value for name, value in (error.headers or {}).items()}
    return respond(
        Problem(
            title=status.phrase, status=status.value, detail=detail, code=code, instance=_instance()
        ),
        headers,
    )


def on_too_deep(_request: Request[Any, Any, Any], _error: RecursionError) -> Response[bytes]:
    """Handles a body whose brackets are nested beyond what the decoder follows."""
    return respond(problem_of(RequestInvalid("the body is nested too deeply")))


def on_defect(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Handles everything else: a defect of ours, logged whole, told without its innards."""
    structlog.get_logger("ecg.web").error("defect", exc_info=error)
    return respond(
        Problem(
            title="Internal Server Error",
            status=500,
            code="error",
            instance=_instance(),
            detail="this is a defect of ECG; the server's log has it under this instance",
        )
    )


def _validation(error: ValidationException) -> tuple[str, tuple[FieldError, ...]]:
    found: list[FieldError] = []
    extra: Any = error.extra
    for each in cast(list[Any], extra) if isinstance(extra, list) else []:
        if isinstance(each, dict):
            item = cast(dict[str, Any], each)
            source = item.get("source")
            place = "$" if getattr(source, "value", source) == "body" else ""
            key = str(item.get("key") or "")
            path = ".".join(part for part in (place, key) if part and key != "data") or "$"
            found.append(FieldError(path, str(item.get("message", "is not valid"))))
    detail = "; ".join(f"{field.path}: {field.message}" for field in found)
    return detail or error.detail, tuple(found)
