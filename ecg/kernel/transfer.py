"""Moving files between a worker and the object store, by short-lived URLs."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, TypeVar

import httpx
from prometheus_client import Counter, Histogram

from ecg.kernel.attempts import Stored
from ecg.kernel.errors import EngineFailed, NotFound, Unavailable

T = TypeVar("T")

SECONDS = Histogram(
    "ecg_store_transfer_seconds",
    "Moving one object between worker and store",
    ["direction"],
    buckets=(0.05, 0.2, 1, 5, 20, 60, 300, 1200),
)
BYTES = Counter("ecg_store_transfer_bytes", "Bytes moved between worker and store", ["direction"])

TIMEOUT = httpx.Timeout(30, connect=5)
PIECE = 1 << 20
LONGEST_WAIT = 5.0
MOST_REFUSALS = 3
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}

SignedUrl = Callable[[], Awaitable[str]]
"""A URL that is valid now."""


def open_client() -> httpx.AsyncClient:
    """The client of a worker's transfers. The caller closes it."""
    return httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False)


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """What ``call`` returns, tried with growing delays for as long as it raises
    ``Unavailable``; the caller's own time limit ends it."""
    wait = 0.2
    while True:
        try:
            return await call()
        except Unavailable:
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)


async def download(client: httpx.AsyncClient, url: SignedUrl, path: Path, size: int) -> None:
    """Writes the object of ``size`` bytes to ``path``; what breaks off is taken up where it
    broke, however often. Raises ``NotFound`` where the store has no such object, and
    ``EngineFailed`` where it holds another number of bytes than ``size`` or refuses for good."""
    with _measured("download", size), path.open("wb") as file:
        if size:
            refusals: list[int] = []
            await patiently(lambda: _rest(client, url, file, size, refusals))


async def _rest(
    client: httpx.AsyncClient, url: SignedUrl, file: BinaryIO, size: int, refusals: list[int]
) -> None:
    headers = {"Range": f"bytes={file.tell()}-", "Accept-Encoding": "identity"}
    try:
        async with client.stream("GET", await url(), headers=headers) as answer:
            if answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                raise NotFound("the source is no longer in the store")
            if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise EngineFailed(f"the source has fewer than the {size} bytes announced")
            _judge(answer.status_code, refusals)
            if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
                file.seek(0)
                file.truncate()
            async for piece in answer.aiter_raw():
                if file.tell() + len(piece) > size:
                    raise EngineFailed(f"the source has more than the {size} bytes announced")
                await asyncio.to_thread(file.write, piece)
    except httpx.HTTPError as error:
        raise Unavailable(f"the store broke off: {type(error).__name__}") from error
    if file.tell() < size:
        raise Unavailable(f"the store sent {file.tell()} of {size} bytes")


async def fetch(client: httpx.AsyncClient, url: str, path: Path) -> bool:
    """Writes a small object to ``path``, whole or not at all; whether it did. Tried once: it is
    for what can be made again."""
    part = path.with_name(f".{path.name}.part")
    try:
        async with client.stream("GET", url) as answer:
            if answer.status_code != HTTPStatus.OK:
                return False
            with part.open("wb") as file:
                async for piece in answer.aiter_raw():
                    await asyncio.to_thread(file.write, piece)
        if part.stat().st_size != int(answer.headers.get("Content-Length", "-1")):
            return False
        part.replace(path)
    except httpx.HTTPError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


async def upload(client: httpx.AsyncClient, url: SignedUrl, path: Path, name: str) -> Stored:
    """Writes ``path`` to the store as what its name says it is, streamed; tried again until it
    is there."""
    size = path.stat().st_size  # noqa: ASYNC240 - one look at the disk
    with path.open("rb") as file:
        digest = (await asyncio.to_thread(hashlib.file_digest, file, "sha256")).hexdigest()
    refusals: list[int] = []
    with _measured("upload", size):
        await patiently(lambda: _put(client, url, path, size, refusals))
    return Stored(name, size, digest)


async def _put(
    client: httpx.AsyncClient, url: SignedUrl, path: Path, size: int, refusals: list[int]
) -> None:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Content-Length": str(size), "Content-Type": media_type}
    try:
        answer = await client.put(await url(), content=_pieces(path), headers=headers)
    except httpx.HTTPError as error:
        raise Unavailable(f"the store broke off: {type(error).__name__}") from error
    _judge(answer.status_code, refusals)


def _judge(status: int, refusals: list[int]) -> None:
    """Raises ``Unavailable`` for an answer after which another try may do better: the store's
    own trouble, or a URL that has run out, ``MOST_REFUSALS`` times. Raises ``EngineFailed``
    for one that will stay."""
    if status < HTTPStatus.BAD_REQUEST:
        return
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        raise Unavailable(f"the store answered {status}")
    refusals.append(status)
    if status == HTTPStatus.FORBIDDEN and len(refusals) <= MOST_REFUSALS:
        raise Unavailable("the store refused the URL, which may have run out")
    raise EngineFailed(f"the store refused the transfer with {status}")


async def _pieces(path: Path) -> AsyncGenerator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


@contextmanager
def _measured(direction: str, size: int) -> Generator[None]:
    begun = time.perf_counter()
    yield
    SECONDS.labels(direction).observe(time.perf_counter() - begun)
    BYTES.labels(direction).inc(size)
