"""The one tree of errors that a person may meet.

    EcgError
    ├── InputRefused        what was given cannot be used (exit 1, 422)
    │   ├── DocumentInvalid     a transcript or scenario, with the JSON path
    │   ├── MediaRefused        a video, sound or font file
    │   └── RequestInvalid      a request's body or query, with each field's path
    ├── Unauthorized        no token, or one that is not accepted (401)
    ├── Forbidden           signed in, but not allowed this (403)
    │   └── QuotaExceeded       what the account may use is used up; says when it renews
    ├── NotFound            a named thing does not exist (exit 1, 404)
    ├── Conflict            the thing is in a state that does not allow this (409)
    ├── PreconditionFailed  it was changed by someone else meanwhile (412)
    ├── PreconditionRequired  a change must say which version it is made to (428)
    ├── TooLarge            a body over its limit (413)
    ├── RateLimited         too many requests; says when to come back (429)
    ├── Unavailable         a store or another role does not answer just now (503)
    ├── Missing             this machine lacks something; says the command that mends it
    ├── EngineFailed        an engine ran out of its limits or contradicted itself
    │   └── EngineCrashed       its process ended without an answer: another attempt may do better
    └── Cancelled           stopped on request (exit 130)

Each message is one line: what was found, what is allowed, what to do. ``code`` is
stable and is what programs match on; ``status`` is the HTTP status the api answers with.
"""

from __future__ import annotations

import re

import msgspec


class EcgError(Exception):
    """Base of every error whose message is meant for a person."""

    code = "error"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputRefused(EcgError):
    code = "input_refused"
    status = 422


class DocumentInvalid(InputRefused):
    """A document breaks its schema or an invariant.

    ``path`` is the JSON path of the offending value, ``$.cues[3].words[0].start``.
    """

    code = "document_invalid"
    path = "$"

    def __init__(self, message: str, path: str = "$") -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class MediaRefused(InputRefused):
    code = "media_refused"


class FieldError(msgspec.Struct, frozen=True):
    """``path`` is the JSON path of the value in the body, or the name of the parameter."""

    path: str
    message: str


class RequestInvalid(InputRefused):
    code = "request_invalid"
    errors: tuple[FieldError, ...] = ()

    def __init__(self, message: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class Unauthorized(EcgError):
    code = "unauthorized"
    status = 401


class Forbidden(EcgError):
    code = "forbidden"
    status = 403


class QuotaExceeded(Forbidden):
    code = "quota_exceeded"


class NotFound(EcgError):
    code = "not_found"
    status = 404


class Conflict(EcgError):
    code = "conflict"
    status = 409


class PreconditionFailed(EcgError):
    code = "precondition_failed"
    status = 412


class PreconditionRequired(EcgError):
    code = "precondition_required"
    status = 428


class TooLarge(EcgError):
    code = "too_large"
    status = 413


class RateLimited(EcgError):
    """``retry_after``: whole seconds until a request is accepted again."""

    code = "rate_limited"
    status = 429
    retry_after = 1

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(EcgError):
    code = "unavailable"
    status = 503


class Missing(EcgError):
    code = "missing"
    status = 503


class EngineFailed(EcgError):
    code = "engine_failed"
    status = 500


class EngineCrashed(EngineFailed):
    code = "engine_crashed"


class Cancelled(EcgError):
    code = "cancelled"
    status = 409


_DOCUMENT_PATH = re.compile(r"(\$.*?): ")


def rebuilt(code: str, message: str) -> EcgError:
    """The error that crossed a process boundary as (code, message)."""
    kind = error_class(code)
    error = kind.__new__(kind)
    EcgError.__init__(error, message)
    found = _DOCUMENT_PATH.match(message)
    if isinstance(error, DocumentInvalid) and found:
        error.path = found[1]
    return error


def error_class(code: str) -> type[EcgError]:
    """The class that carries ``code``; ``EngineFailed`` for a code nobody knows."""
    pending: list[type[EcgError]] = [EcgError]
    while pending:
        candidate = pending.pop()
        if candidate.code == code:
            return candidate
        pending.extend(candidate.__subclasses__())
    return EngineFailed
