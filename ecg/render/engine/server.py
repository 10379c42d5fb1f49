"""The one loopback server a render page may speak to: its files and a WebSocket for pixels."""

from __future__ import annotations

import asyncio
import http
import mimetypes
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.protocol import State

import ecg.captions
from ecg.kernel.errors import EngineFailed
from ecg.render.engine.composite import Patch
from ecg.render.engine.pixels import Rect

_CAPTIONS = Path(ecg.captions.__file__).parent
FOLDERS: Mapping[str, Path] = {
    "page": Path(__file__).parent / "page",
    "engine": _CAPTIONS / "engine",
    "styles": _CAPTIONS / "styles",
    "fonts": _CAPTIONS / "fonts",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "connect-src 'self' ws://127.0.0.1:{port}; "
    "base-uri 'none'; form-action 'none'; sandbox allow-scripts"
)
"""The sandbox gives the page an origin of its own: no storage, no cookies, no windows."""
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2"}
STATES_AHEAD = 12
"""Captured states that may wait for the compositor: two messages of the page, so that it draws the
next while one is used; few enough to bound memory (a 1080p state is at most 8 MB)."""
PATIENCE = 30.0
"""Seconds the page may take to load, or to answer one command; fonts load within them."""
_HEADER_NUMBERS = 10


class _Answer(msgspec.Struct):
    answer: dict[str, Any] | None = None
    failed: str | None = None


class PageLink:
    """The page's end of the WebSocket."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    @property
    def open(self) -> bool:
        """Whether the page is still there."""
        return self._connection.state is State.OPEN

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Sends a command and awaits its answer. Raises ``EngineFailed`` with the page's words,
        or where the answer takes too long."""
        await self.tell(command, **arguments)
        return self._answer(await self._received(command))

    async def tell(self, command: str, **arguments: Any) -> None:
        """Sends a command without awaiting its answer."""
        await self._connection.send(msgspec.json.encode({"do": command, **arguments}).decode())

    async def draw(self, time: float) -> Patch:
        """Draws one state into the canvas. Raises ``EngineFailed`` as ``ask`` does."""
        await self.tell("draw", time=time)
        message = await self._received("draw")
        if not isinstance(message, bytes):
            self._answer(message)
            raise EngineFailed("the caption page sent no pixels")
        self._answer(await self._received("draw"))
        return next(read_patches(message))

    async def patches(self) -> Iterator[Patch] | None:
        """The next states of a running capture; ``None`` once it is answered."""
        message = await self._connection.recv()
        if isinstance(message, bytes):
            return read_patches(message)
        self._answer(message)
        return None

    async def _received(self, command: str) -> str | bytes:
        try:
            return await asyncio.wait_for(self._connection.recv(), PATIENCE)
        except TimeoutError:
            raise EngineFailed(f"the caption page took over {PATIENCE:g} s to {command}") from None

    def _answer(self, message: str | bytes) -> dict[str, Any]:
        if isinstance(message, bytes):
            raise EngineFailed("the caption page sent pixels where an answer was due")
        reply = msgspec.json.decode(message, type=_Answer)
        if reply.failed is not None:
            raise EngineFailed(f"the caption page failed: {reply.failed}".splitlines()[0])
        return reply.answer or {}


class PageServer:
    """Where the page is (``url``), what it asked for (``paths``) and its link."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self.paths: list[str] = []
        self.url = ""
        self.origin = ""
        self._folders = folders
        self._token = secrets.token_urlsafe(24)
        self._port = 0
        self._linked: asyncio.Future[PageLink] = asyncio.get_running_loop().create_future()

    def listen(self, server: Server) -> None:
        self._port = next(iter(server.sockets)).getsockname()[1]
        self.origin = f"http://127.0.0.1:{self._port}/{self._token}/"
        self.url = f"{self.origin}page/capture.html"

    async def link(self) -> PageLink:
        """Awaits the page's WebSocket. Raises ``EngineFailed`` where it does not come."""
        try:
            return await asyncio.wait_for(self._linked, PATIENCE)
        except TimeoutError:
            raise EngineFailed(f"the caption page did not load within {PATIENCE:g} s") from None

    async def accept(self, connection: ServerConnection) -> None:
        if self._linked.done():
            return
        self._linked.set_result(PageLink(connection))
        await connection.wait_closed()

    def respond(self, _connection: ServerConnection, request: Request) -> Response | None:
        """A file, or ``None`` to go on with the WebSocket's handshake."""
        path = unquote(urlsplit(request.path).path)
        self.paths.append(path)
        prefix = f"/{self._token}/"
        if not path.startswith(prefix):
            return _response(http.HTTPStatus.NOT_FOUND, b"", {})
        inside = path.removeprefix(prefix)
        if inside == "pixels":
            return None
        folder, _, name = inside.partition("/")
        root = self._folders.get(folder)
        file = (root / name).resolve() if root else None
        if root is None or file is None or not file.is_relative_to(root.resolve()):
            return _response(http.HTTPStatus.NOT_FOUND, b"", {})
        if not file.is_file():
            return _response(http.HTTPStatus.NOT_FOUND, b"", {})
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "text/plain"
        headers = {
            "Content-Type": kind,
            "Content-Security-Policy": _POLICY.format(port=self._port),
            "Access-Control-Allow-Origin": "null",
        }
        return _response(http.HTTPStatus.OK, file.read_bytes(), headers)


def read_patches(message: bytes) -> Iterator[Patch]:
    """The page's binary message: for each state ten int32, then RGBA rows."""
    place = 0
    while place < len(message):
        first, until, *numbers = np.frombuffer(message, "<i4", _HEADER_NUMBERS, place).tolist()
        changed, ink = Rect(*numbers[:4]), Rect(*numbers[4:])
        place += 4 * _HEADER_NUMBERS
        size = 4 * changed.width * changed.height
        pixels = np.frombuffer(message, np.uint8, size, place)
        place += size
        yield Patch(first, until, changed, ink, pixels.reshape(changed.height, changed.width, 4))


def _response(status: http.HTTPStatus, body: bytes, headers: dict[str, str]) -> Response:
    standard = {
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
    }
    return Response(status.value, status.phrase, Headers({**standard, **headers}), body)


@asynccontextmanager
async def page_server(folders: Mapping[str, Path] = FOLDERS) -> AsyncGenerator[PageServer]:
    """Serves one page on a random loopback port under a token of its own."""
    page = PageServer(folders)
    async with serve(
        page.accept,
        "127.0.0.1",
        0,
        process_request=page.respond,
        compression=None,
        max_size=None,
        ping_interval=None,
        close_timeout=0.2,
    ) as server:
        page.listen(server)
        yield page
