"""The files of the caption engine, which a browser draws with: the same that a render loads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import File

import ecg.captions
from ecg.kernel.errors import NotFound

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    # a page of another origin may draw with them: they are the same for everybody
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


@get(
    ["/engine/{name:path}", "/styles/{name:path}", "/fonts/{name:path}"],
    public=True,
    include_in_schema=False,
)
async def read_file(request: Request[Any, Any, Any], name: FromPath[Path]) -> File:
    """A bundled file of the caption engine, ``/engine/index.js`` and the like."""
    del name
    path = _known().get(request.scope["path"])
    if path is None:
        raise NotFound("there is no such file")
    return File(
        path,
        media_type=_TYPES[path.suffix],
        headers=_HEADERS,
        content_disposition_type="inline",
    )


@cache
def _known() -> Mapping[str, Path]:
    """Every file that is served, by its path; nothing else can be asked for."""
    captions = Path(ecg.captions.__file__).parent
    return {
        f"/{path.relative_to(captions).as_posix()}": path
        for folder in ("engine", "styles", "fonts")
        for path in (captions / folder).rglob("*")
        if path.suffix in _TYPES
    }
