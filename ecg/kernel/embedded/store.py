"""The object store of the embedded default: nanio inside what browsers need, run as a process.

``python -m ecg.kernel.embedded.store DATA_DIR HOST PORT ORIGINS``; ORIGINS separated by commas.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

import uvicorn
from nanio.app import build_app
from nanio.auth.credentials import StaticCredentialResolver
from nanio.config import Settings
from nanio.errors import BucketAlreadyOwnedByYou, S3Error
from nanio.storage.filesystem import FilesystemStorage
from nanio.storage.multipart import MultipartManager
from starlette.middleware import Middleware

from ecg.kernel.embedded.credentials import read_credentials

BUCKET = "ecg"
STALE_SECONDS = 7 * 24 * 3600
"""A multipart upload older than this is swept at start."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_TOLD = ("content-type", "content-disposition")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_SAFE: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox"),
]


def byte_range(value: str, size: int) -> tuple[int, int] | None:
    """The first and last byte that a Range header asks for of ``size`` bytes.

    None where the header is of no use and the whole is served (RFC 9110, 14.2). A first byte
    at or after ``size`` means that nothing is left to serve.
    """
    match = _RANGE.fullmatch(value.strip())
    if match is None or value.strip() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        count = int(last)
        return (max(0, size - count), size - 1) if count else (size, size)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


class Clamp:
    """Makes the Range of a request one that nanio takes; after the signature is checked, which
    covers the header as it was sent."""

    def __init__(self, app: App, storage: FilesystemStorage) -> None:
        self.app = app
        self.storage = storage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = scope.get("headers", [])
        asked = [value for name, value in headers if name == b"range"]
        size = self._size(scope) if asked and scope.get("method") == "GET" else None
        if size is None:
            await self.app(scope, receive, send)
            return
        wanted = byte_range(asked[0].decode("latin-1"), size)
        if wanted is not None and wanted[0] >= size:
            await _unsatisfiable(size, send)
            return
        kept = [(name, value) for name, value in headers if name != b"range"]
        if wanted is not None:
            kept.append((b"range", f"bytes={wanted[0]}-{wanted[1]}".encode()))
        await self.app({**scope, "headers": kept}, receive, send)

    def _size(self, scope: Scope) -> int | None:
        bucket, _, key = str(scope["path"]).lstrip("/").partition("/")
        try:
            return self.storage.head_object(bucket, key).size if key else None
        except S3Error:
            return None  # nanio says what is wrong


class Wrapper:
    """CORS and the headers that keep a browser from running what it is given."""

    def __init__(self, app: App, origins: tuple[str, ...]) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        allowed = self._allowed(headers.get(b"origin", b"").decode("latin-1"))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            preflight = _preflight(headers) if allowed else []
            await _answer(send, 204 if allowed else 403, [*allowed, *preflight, *_SAFE])
            return

        told = _told(scope)

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in told} if message["status"] < 300 else set[bytes]()
                kept = [pair for pair in message["headers"] if pair[0].lower() not in named]
                message["headers"] = [*kept, *(told if named else []), *allowed, *_SAFE]
            await send(message)

        await self.app(scope, receive, sending)

    def _allowed(self, origin: str) -> Headers:
        exposed = (
            b"access-control-expose-headers",
            b"ETag, Content-Range, Content-Length, Accept-Ranges",
        )
        if "*" in self.origins:
            return [(b"access-control-allow-origin", b"*"), exposed]
        varying = (b"vary", b"Origin")
        if not origin or origin not in self.origins:
            return []
        return [(b"access-control-allow-origin", origin.encode("latin-1")), exposed, varying]


def _told(scope: Scope) -> Headers:
    """The headers that a signed URL wants its answer to have, as S3 has it; nanio, which checks
    the signature over them, does not send them."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    if scope["method"] not in {"GET", "HEAD"} or "X-Amz-Signature" not in asked:
        return []
    named = {name: asked[f"response-{name}"][0] for name in _TOLD if f"response-{name}" in asked}
    return [
        (name.encode(), value.encode("ascii", "replace"))
        for name, value in named.items()
        if value.isprintable()
    ]


def _preflight(headers: dict[bytes, bytes]) -> Headers:
    named = headers.get(b"access-control-request-headers", b"")
    return [
        (b"access-control-allow-methods", b"GET, HEAD, PUT, POST, DELETE"),
        *([(b"access-control-allow-headers", named)] if named else []),
        (b"access-control-max-age", b"600"),
    ]


async def _unsatisfiable(size: int, send: Send) -> None:
    await _answer(send, 416, [(b"content-range", f"bytes */{size}".encode())])


async def _answer(send: Send, status: int, headers: Headers) -> None:
    start = {"type": "http.response.start", "status": status}
    length = [] if status == 204 else [(b"content-length", b"0")]
    await send({**start, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b""})


def sweep(folder: Path) -> None:
    """Removes what a kill left behind: half-written files and stale multipart uploads."""
    for path in folder.rglob("*.tmp"):
        if {".nanio", ".nanio-meta"} & set(path.parts) and path.is_file():
            path.unlink(missing_ok=True)
    for path in folder.rglob(".tmp.*"):
        if path.is_file():
            path.unlink(missing_ok=True)
    MultipartManager(folder).gc_abandoned_uploads(max_age_seconds=STALE_SECONDS)


def store_app(folder: Path, access_key: str, secret_key: str, origins: tuple[str, ...]) -> App:
    """The whole application on ``folder``, with the bucket made."""
    settings = Settings(
        data_dir=folder, credentials=StaticCredentialResolver({access_key: secret_key})
    )
    app = build_app(settings)
    storage = cast(FilesystemStorage, app.state.storage)
    with contextlib.suppress(BucketAlreadyOwnedByYou):
        storage.create_bucket(BUCKET)
    app.user_middleware.append(Middleware(cast(Any, Clamp), storage=storage))  # the innermost
    return Wrapper(cast(App, app), origins)


def main(arguments: list[str]) -> None:
    data_dir, host, port, origins = Path(arguments[0]), *arguments[1:]
    credentials = read_credentials(data_dir)
    assert credentials is not None
    folder = data_dir / "store"
    folder.mkdir(mode=0o700, exist_ok=True)
    sweep(folder)
    app = store_app(
        folder, credentials.s3_access_key, credentials.s3_secret_key, tuple(origins.split(","))
    )
    uvicorn.run(
        cast(Any, app), host=host, port=int(port), log_level="warning", access_log=False,
        server_header=False, timeout_graceful_shutdown=3, timeout_keep_alive=75,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
