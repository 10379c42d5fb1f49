"""What passes between a desk (in the api role) and a worker (in audio or render): values only.

A job's id is all that waits in a queue. A worker *begins* an attempt by asking for it: only
then is the attempt's number given out, by the database, so that no two attempts ever share one,
whatever a queue forgot; a job that is over cannot be begun. What an attempt reads and writes
are objects of the store by short-lived URLs, under a prefix of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ecg.kernel.errors import EcgError, rebuilt


class Ticket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is put in a queue. ``timeout``: seconds one attempt may take at most.
    ``traceparent``: the request that the job was made by; ``user_id``: whose job it is, for the
    logs alone."""

    id: str
    user_id: str
    timeout: int
    traceparent: str


def fetch_seconds(size: int) -> float:
    """Wall seconds that a source of ``size`` bytes may take to reach a worker."""
    return 900 + size / (8 << 20)


class SignedPair(msgspec.Struct, frozen=True):
    """URLs of one object, valid for about an hour; empty where not allowed."""

    get: str = ""
    put: str = ""


class Attempt(msgspec.Struct, frozen=True):
    """``number`` rises with each attempt of a job, from 1. ``request`` is the feature's own
    document (``AnalysisRequest``, ``RenderRequest``) as JSON."""

    number: int
    request: msgspec.Raw


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object that an attempt wrote: its name within the attempt, bytes, and digest (hex)."""

    name: str
    size: int
    sha256: str


class Trouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An error as it crosses between roles: the code and message of an ``EcgError``."""

    code: str
    message: str

    @classmethod
    def of(cls, error: EcgError) -> Trouble:
        return cls(error.code, error.message)

    def error(self) -> EcgError:
        """The error again."""
        return rebuilt(self.code, self.message)


class Submitter(Protocol):
    """The way to a worker role; ``Analyzer`` and ``Renderer`` are this with another queue."""

    async def submit(self, ticket: Ticket) -> None:
        """Puts a job in the role's queue: durable when this returns. Repeating it is harmless.
        Raises ``Unavailable`` where role or queue does not answer."""
        ...

    async def cancel(self, job_id: str) -> None:
        """Stops the job within 2 s wherever it runs, or takes it from the queue; nothing
        happens to one that is not there. Raises ``Unavailable``."""
        ...


class Objects(Protocol):
    """What an attempt may read and write, asked of the api role."""

    async def begin(self, job_id: str) -> Attempt:
        """Begins the next attempt. Raises ``Conflict`` where the job is over, ``NotFound``
        where there is none, ``Unavailable``."""
        ...

    async def sign(self, job_id: str, attempt: int, names: Sequence[str]) -> dict[str, SignedPair]:
        """URLs for ``names``: ``source`` (get only) and the attempt's own objects. May be
        asked again when a URL has run out. Raises ``Conflict`` where the job is over or a
        later attempt has begun, ``InputRefused`` for a name that is none, ``Unavailable``."""
        ...


class Reports(Protocol):
    """The way back from a worker to its desk."""

    async def deliver(self, report_id: str, report: msgspec.Struct) -> None:
        """Delivers a feature's report (``AnalysisReport``, ``RenderReport``); returns when the
        desk has stored it. Repeating a ``report_id`` is without effect. Raises ``Unavailable``
        where the desk does not answer; the worker tries again for as long as its job lives."""
        ...
