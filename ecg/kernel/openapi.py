"""The OpenAPI document: what Litestar makes of the handlers, and what it cannot see.

A handler that reads its body itself says ``takes=Scenario, example={…}`` in its decorator, and
one that answers bytes, or events whose data it is, ``answers=Scenario``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from litestar import Request, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ControllerRouterHandler

from ecg.kernel.problems import MEDIA_TYPE, Problem

Joined = Mapping[type[Any], Mapping[str, type[Any]]]
"""Fields of a struct that another feature fills with a struct of its own, or null."""

_SCHEMAS = "#/components/schemas/{name}"


def config(version: str, joined: Joined) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="ECG",
        version=version,
        description="Captions that look the way the speech sounds.",
        openapi_router=_DocumentRouter(
            "/api/v1", route_handlers=[], opt={"public": True}, include_in_schema=False
        ),
        render_plugins=[_Document(joined)],
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="An access token, or an API key (`ecg_…`).",
                )
            }
        ),
        security=[{"bearer": []}],
    )


class _DocumentRouter(Router):
    """Without Litestar's page in HTML for every path that there is not."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        if isinstance(value, HTTPRouteHandler) and "/{path:str}" in value.paths:
            return []
        return super().register(value)


class _Document(JsonRenderPlugin):
    def __init__(self, joined: Joined) -> None:
        super().__init__()
        self._joined = joined
        self._whole = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if not self._whole:
            complete(openapi_schema, request.app.routes, self._joined)
            self._whole = msgspec.json.encode(openapi_schema)
        return self._whole


def complete(document: dict[str, Any], routes: Sequence[BaseRoute], joined: Joined) -> None:
    """Adds to ``document`` the problems, which routes are open, and the bodies and answers that
    handlers name."""
    kinds: set[type[Any]] = {Problem}
    for handler, operation in _operations(document, routes):
        kinds.update(_described(handler, operation))
    schemas = cast("dict[str, Any]", document["components"]["schemas"])
    for holder, fields in joined.items():
        kinds.update(fields.values())
        for name, kind in fields.items():
            schemas[holder.__name__]["properties"][name] = {"anyOf": [_ref(kind), {"type": "null"}]}
    _, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS)
    document["components"]["schemas"] = {**components, **schemas}


def _operations(
    document: dict[str, Any], routes: Iterable[BaseRoute]
) -> Iterator[tuple[HTTPRouteHandler, dict[str, Any]]]:
    for route in routes:
        if isinstance(route, HTTPRoute):
            item = document["paths"].get(route.path_format, {})
            for method, (handler, _) in route.route_handler_map.items():
                if method.lower() in item:
                    yield handler, item[method.lower()]


def _described(handler: HTTPRouteHandler, operation: dict[str, Any]) -> Iterator[type[Any]]:
    """Completes one operation; the structs that it names now."""
    responses = operation["responses"]
    responses.pop("400", None)  # Litestar's own form of an error, which is never sent
    responses["default"] = {
        "description": "What was refused, and why.",
        "content": {MEDIA_TYPE: {"schema": _ref(Problem)}},
    }
    if handler.opt.get("public"):
        operation["security"] = []
    data = handler.parsed_fn_signature.parameters.get("data")
    if data is not None:
        operation["requestBody"]["required"] = not data.has_default
    if "takes" in handler.opt:
        yield handler.opt["takes"]
        content = {"schema": _ref(handler.opt["takes"]), "example": handler.opt["example"]}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    if "answers" in handler.opt:
        yield handler.opt["answers"]
        media = str(handler.media_type or "application/json")
        content = {media: {"schema": _ref(handler.opt["answers"])}}
        responses[str(handler.status_code)]["content"] = content


def _ref(kind: type[Any]) -> dict[str, str]:
    return {"$ref": _SCHEMAS.format(name=kind.__name__)}
