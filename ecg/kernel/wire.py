"""Both ends of what passes between roles by HTTP, and the same by calls where they share a
process. A feature's ``wire.py`` says under which paths and with which messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Router, delete, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from ecg.kernel.attempts import Attempt, Objects, SignedPair, Submitter, Ticket
from ecg.kernel.errors import NotFound, RequestInvalid
from ecg.kernel.http import Peer, RoleName, check_service_token
from ecg.kernel.webhooks import secret_of, signed, verified

R = TypeVar("R", bound=msgspec.Struct)

Begin = Callable[[str], Awaitable[Attempt]]
Sign = Callable[[str, int, Sequence[str]], Awaitable[dict[str, SignedPair]]]
Receive = Callable[[str, Any], Awaitable[None]]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an attempt asks URLs for."""

    attempt: Annotated[int, Meta(ge=1)]
    names: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(min_length=1, max_length=20)]


class DeskObjects:
    """``Objects`` of the desks in this process: each job is one of theirs."""

    def __init__(self, desks: Sequence[tuple[Begin, Sign]]) -> None:
        self._desks = desks

    async def begin(self, job_id: str) -> Attempt:
        for begin, _ in self._desks:
            try:
                return await begin(job_id)
            except NotFound:
                continue
        raise NotFound(f"no job {job_id}")

    async def sign(self, job_id: str, attempt: int, names: Sequence[str]) -> dict[str, SignedPair]:
        for _, sign in self._desks:
            try:
                return await sign(job_id, attempt, names)
            except NotFound:
                continue
        raise NotFound(f"no job {job_id}")


class DeskReports:
    """``Reports`` to the desk in this process."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def deliver(self, report_id: str, report: msgspec.Struct) -> None:
        await self._receive(report_id, report)


class HttpSubmitter:
    """``Submitter`` of the role behind ``peer``."""

    def __init__(self, peer: Peer, path: str) -> None:
        self._peer = peer
        self._path = path

    async def submit(self, ticket: Ticket) -> None:
        await self._peer.send("POST", self._path, msgspec.json.encode(ticket))

    async def cancel(self, job_id: str) -> None:
        await self._peer.send("DELETE", f"{self._path}/{job_id}")


class HttpObjects:
    """``Objects`` of the api role behind ``peer``."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def begin(self, job_id: str) -> Attempt:
        answer = await self._peer.send("POST", f"/internal/jobs/{job_id}/attempts")
        return msgspec.json.decode(answer, type=Attempt)

    async def sign(self, job_id: str, attempt: int, names: Sequence[str]) -> dict[str, SignedPair]:
        body = msgspec.json.encode(Wanted(attempt, list(names)))
        answer = await self._peer.send("POST", f"/internal/jobs/{job_id}/urls", body)
        return msgspec.json.decode(answer, type=dict[str, SignedPair])


class HttpReports:
    """``Reports`` to the desk behind ``peer``, signed by the first of ``keys``."""

    def __init__(self, peer: Peer, path: str, keys: Sequence[str]) -> None:
        self._peer = peer
        self._path = path
        self._secret = secret_of(keys[0])

    async def deliver(self, report_id: str, report: msgspec.Struct) -> None:
        body = msgspec.json.encode(report)
        job_id = getattr(report, "id")  # noqa: B009 - every report has one
        headers = signed(self._secret, report_id, body)
        await self._peer.send("POST", f"{self._path}/{job_id}/reports", body, headers)


def worker_routes(
    path: str, submitter: Submitter, keys: Sequence[str], audience: RoleName
) -> Router:
    """What the api asks of a worker role: to take a job, and to cancel it."""

    @post("/", status_code=202)
    async def submit(data: JSONBody[Ticket]) -> None:
        await submitter.submit(data)

    @delete("/{job_id:uuid}")
    async def cancel(job_id: FromPath[UUID]) -> None:
        await submitter.cancel(str(job_id))

    return _internal(path, [submit, cancel], _demands_token(keys, audience))


def objects_routes(objects: Objects, keys: Sequence[str]) -> Router:
    """What workers of any kind ask of the api: the next attempt, and URLs."""

    @post("/{job_id:uuid}/attempts", status_code=200)
    async def begin(job_id: FromPath[UUID]) -> Attempt:
        return await objects.begin(str(job_id))

    @post("/{job_id:uuid}/urls", status_code=200)
    async def sign(job_id: FromPath[UUID], data: JSONBody[Wanted]) -> dict[str, SignedPair]:
        return await objects.sign(str(job_id), data.attempt, data.names)

    return _internal("/internal/jobs", [begin, sign], _demands_token(keys, "api"))


def report_routes(path: str, kind: type[R], receive: Receive, keys: Sequence[str]) -> Router:
    """Where a worker's signed reports of ``kind`` come in."""
    secrets = [secret_of(key) for key in keys]

    @post("/{job_id:uuid}/reports", status_code=204)
    async def take(request: Request[Any, Any, Any], job_id: FromPath[UUID]) -> None:
        body = await request.body()
        report_id = verified(secrets, request.headers, body)
        try:
            report = msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RequestInvalid(f"not a report: {error}") from None
        if getattr(report, "id") != str(job_id):  # noqa: B009
            raise RequestInvalid("the report is of another job than its path says")
        await receive(report_id, report)

    return _internal(path, [take])


def _internal(path: str, handlers: list[Any], *guards: Any) -> Router:
    return Router(
        path,
        route_handlers=handlers,
        guards=list(guards),
        opt={"public": True},
        include_in_schema=False,
    )


def _demands_token(
    keys: Sequence[str], audience: RoleName
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        check_service_token(keys, audience, connection.headers.get("authorization", ""))

    return guard
