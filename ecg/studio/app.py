"""What the studio room brings into the api: its page and the files that the build gave names
by their content."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ecg.kernel.errors import NotFound
from ecg.kernel.storage import Store
from ecg.kernel.web import Part, public

STATIC = Path(__file__).parent / "static"

PAGES = ["/", "/sign-in", "/videos/{video_id:uuid}", "/account", "/admin"]
"""Every address that the app shows a page for; it reads the address itself."""

NOT_BUILT = (
    "The studio is not built here. In a checkout `make setup` or `make run` builds it; "
    "the REST API at /api/v1 works without it.\n"
)

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


def policy(store: str) -> str:
    """The Content-Security-Policy of the page: nothing but its own files, and the object store
    at the origin ``store``, to which it sends videos and from which it shows them."""
    return "; ".join([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        f"img-src 'self' blob: data: {store}",
        f"media-src 'self' blob: {store}",
        f"connect-src 'self' {store}",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ])  # fmt: skip


async def studio_part(store: Store) -> Part:
    """The studio, where it is built; else one line at ``/`` that says how to."""
    signed = urlsplit(await store.presign_get("studio", public=True))
    return Part(routes=routes(STATIC, policy(f"{signed.scheme}://{signed.netloc}")))


def routes(folder: Path, content_policy: str) -> list[HTTPRouteHandler]:
    """The handlers for what was built into ``folder``."""
    files = _files(folder)
    index = folder / "index.html"
    page = index.read_bytes() if index.is_file() else None  # of the same build as its files

    def shown(status: int) -> Response[bytes]:
        if page is None:
            return Response(NOT_BUILT.encode(), media_type=MediaType.TEXT, status_code=503)
        return Response(
            page,
            media_type=MediaType.HTML,
            status_code=status,
            headers={"Content-Security-Policy": content_policy, "Cache-Control": "no-cache"},
        )

    @get(PAGES, include_in_schema=False, media_type=MediaType.HTML)
    async def show_page() -> Response[bytes]:
        return shown(200)

    @get("/{elsewhere:str}", include_in_schema=False, media_type=MediaType.HTML)
    async def show_nothing(
        request: Request[Any, Any, Any], elsewhere: FromPath[str]
    ) -> Response[bytes]:
        """The app's own page for what is not there; programs are told as ever."""
        if page is None or "text/html" not in request.headers.get("accept", ""):
            raise NotFound(f"there is nothing at /{elsewhere}")
        return shown(404)

    @get("/assets/{name:path}", include_in_schema=False)
    async def read_asset(request: Request[Any, Any, Any], name: FromPath[Path]) -> Response[bytes]:
        kept = files.get(name.name)
        if kept is None:
            raise NotFound("there is no such file")
        media_type, plain, packed = kept
        if packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                packed, media_type=media_type, headers={**_FOREVER, "Content-Encoding": "gzip"}
            )
        return Response(plain, media_type=media_type, headers=_FOREVER)

    return public(show_page, show_nothing, read_asset)


_Kept = tuple[str, bytes, bytes]


def _files(folder: Path) -> dict[str, _Kept]:
    """Each built file by its name: media type, bytes, and gzipped where the build did so."""
    found: dict[str, _Kept] = {}
    for path in (folder / "assets").glob("*"):
        if path.suffix != ".gz":
            packed = path.with_name(f"{path.name}.gz")
            media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found[path.name] = (
                media_type,
                path.read_bytes(),
                packed.read_bytes() if packed.is_file() else b"",
            )
    return found
