"""The one tree of errors that a person may meet.

    EcgError
    ├── InputRefused        what was given cannot be used (exit 1, 422)
    │   ├── DocumentInvalid     a transcript or scenario, with the JSON path
    │   └── MediaRefused        a video or sound file
    ├── NotFound            a named thing does not exist (exit 1, 404)
    ├── Missing             this machine lacks something; says the command that mends it
    ├── EngineFailed        an engine crashed, ran out of its limits or contradicted itself
    └── Cancelled           stopped on request (exit 130)

Each message is one line: what was found, what is allowed, what to do. ``code`` is
stable and is what programs match on; ``status`` is the HTTP status the api answers with.
"""

from __future__ import annotations


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

    def __init__(self, message: str, path: str = "$") -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class MediaRefused(InputRefused):
    code = "media_refused"


class NotFound(EcgError):
    code = "not_found"
    status = 404


class Missing(EcgError):
    code = "missing"
    status = 503


class EngineFailed(EcgError):
    code = "engine_failed"
    status = 500


class Cancelled(EcgError):
    code = "cancelled"
    status = 409


def error_class(code: str) -> type[EcgError]:
    """The class that carries ``code``; ``EngineFailed`` for a code nobody knows.

    Errors cross a process boundary as (code, message); this is the way back.
    """
    pending: list[type[EcgError]] = [EcgError]
    while pending:
        candidate = pending.pop()
        if candidate.code == code:
            return candidate
        pending.extend(candidate.__subclasses__())
    return EngineFailed
