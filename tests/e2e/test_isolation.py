"""From the route table, so that a new route is covered by itself: nobody without a token, no
stranger, and no senseless input gets anything but a 4xx problem."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ecg.kernel.embedded import Stores
from ecg.kernel.settings import DatabaseSettings, RedisSettings, Settings
from ecg.service.process import service
from tests.e2e.service import Client, Process

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/uploads/{upload_id}/parts"): {"numbers": [1]},
    ("POST", "/api/v1/uploads/{upload_id}/complete"): {},
    ("POST", "/api/v1/videos/{video_id}/analysis"): {},
    ("POST", "/api/v1/videos/{video_id}/scenario/compose"): {},
    ("POST", "/api/v1/videos/{video_id}/captions"): {"format": "srt", "text": "x"},
    ("PUT", "/api/v1/videos/{video_id}/scenario"): {
        "version": 1, "style": {"name": "intention"}, "speakers": [], "cues": [],
    },
}  # fmt: skip
"""Valid bodies, so that only the ownership is left to refuse."""

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Known(msgspec.Struct, frozen=True):
    method: str
    path: str
    public: bool
    opt: dict[str, Any]


@pytest.fixture(scope="module")
def routes(services: Stores) -> list[Known]:
    """Every route of the api role."""
    settings = Settings(
        secret_key="s" * 32, service_key="k" * 32, s3=services.s3,
        database=DatabaseSettings(url=services.database_url),
        redis=RedisSettings(reader_url=services.reader_url),
    )  # fmt: skip

    async def read() -> list[Known]:
        async with service(settings, frozenset(["api"])) as app:
            found: list[Known] = []
            for route in app.routes:
                for handler in getattr(route, "route_handlers", []):
                    found.extend(
                        Known(
                            method,
                            PARAMETER.sub(r"{\1}", route.path_format),
                            bool(handler.opt.get("public")),
                            {},
                        )
                        for method in handler.http_methods - {"OPTIONS", "HEAD"}
                    )
            return found

    return [route for route in asyncio.run(read()) if route.path.startswith("/api/")]


@pytest.fixture(scope="module")
def owned(server: Process, speech: Path) -> Iterator[tuple[Client, Client, dict[str, str]]]:
    """An account with one of everything, and another account."""
    with Client(server.url, "owner") as owner, Client(server.url, "stranger") as stranger:
        owner.sign_up()
        stranger.sign_up()
        video = owner.analysed(speech)
        upload = owner.call(
            "POST", "/uploads", {"filename": "a.mp4", "size": 1000, "content_type": "video/mp4"}
        )["id"]
        key = owner.call("POST", "/auth/keys", {"name": "k", "scopes": ["read"]})
        ids = {
            "video_id": video,
            "upload_id": upload,
            "render_id": owner.render(video),
            "webhook_id": video,  # a webhook needs a public address; test_hooks.py has real ones
            "key_id": key["id"],
            "job_id": video,
        }
        yield owner, stranger, ids


def filled(path: str, ids: dict[str, str]) -> str:
    return PARAMETER.sub(lambda match: ids[match.group(1)], path)


def problem(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.json()


def test_without_a_token_nothing_is_open(
    routes: list[Known], server: Process, owned: tuple[Client, Client, dict[str, str]]
) -> None:
    closed = [route for route in routes if not route.public]
    assert len(closed) > 30
    for route in closed:
        path = PARAMETER.sub(lambda m: owned[2].get(m.group(1), "x"), route.path)
        answer = httpx.request(route.method, server.url + path)
        assert answer.status_code == 401, (route, answer.text)
        assert problem(answer)["code"] == "unauthorized"


def test_open_routes_are_these(routes: list[Known]) -> None:
    opened = {f"{route.method} {route.path}" for route in routes if route.public}
    assert opened == {
        "POST /api/v1/auth/signup",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/logout",
        "GET /api/v1/auth/google/start",
        "GET /api/v1/auth/google/callback",
        "GET /api/v1",
        "GET /api/v1/openapi.json",
    }


def test_a_stranger_finds_nothing(
    routes: list[Known], owned: tuple[Client, Client, dict[str, str]]
) -> None:
    _, stranger, ids = owned
    named = [
        route
        for route in routes
        if set(PARAMETER.findall(route.path)) & set(ids) and "/admin/" not in route.path
    ]
    assert len(named) > 20
    for route in named:
        body = BODIES.get((route.method, route.path))
        path = filled(route.path, ids | {"format": "srt"}).removeprefix("/api/v1")
        answer = stranger.ask(route.method, path, body)
        assert answer.status_code == 404, (route, answer.status_code, answer.text)
        assert problem(answer)["code"] == "not_found"
    answer = stranger.ask("POST", "/renders", {"video_id": ids["video_id"]})
    assert answer.status_code == 404


NONSENSE: list[bytes] = [
    b"", b"null", b"[]", b"{", b'"x"', b"0", b"\xff\xfe", b'{"unknown": 1}',
    b'{"email": 1, "password": null, "filename": {}, "size": "x", "video_id": 5, "url": []}',
    b'{"email": "\\u0000", "filename": "\\u0000", "name": "\\u0000"}',
    b'{"email": "' + b"x" * 100_000 + b'"}',
    b'{"filename": "a.mp4", "size": -1, "content_type": "video/mp4"}',
    b'{"filename": "a.mp4", "size": 1e400, "content_type": "video/mp4"}',
    b'{"video_id": "\xed\xa0\x80"}', b"[" * 5000,
]  # fmt: skip


def test_nonsense_is_refused_by_name(
    routes: list[Known], owned: tuple[Client, Client, dict[str, str]]
) -> None:
    owner, _, ids = owned
    for route in routes:
        path = PARAMETER.sub(lambda m: ids.get(m.group(1), "x"), route.path)
        if route.method in {"POST", "PUT"}:
            for body in NONSENSE:
                answer = owner.http.request(
                    route.method, path, content=body,
                    headers={"Authorization": f"Bearer {owner.token}", "Content-Type": "application/json"},
                )  # fmt: skip
                assert answer.status_code < 500, (route, body[:80], answer.text)
                if answer.status_code >= 400:
                    problem(answer)
        for query in (
            "limit=x",
            "limit=-1",
            "limit=1e9",
            "cursor=%00",
            "cursor=x",
            "state=x&kind=y",
        ):
            if route.method == "GET" and not route.path.endswith("/events"):
                answer = owner.http.request(
                    route.method,
                    f"{path}?{query}",
                    headers={"Authorization": f"Bearer {owner.token}"},
                )
                assert answer.status_code < 500, (route, query, answer.text)


def test_strange_ids_are_not_found(
    routes: list[Known], owned: tuple[Client, Client, dict[str, str]]
) -> None:
    owner, _, ids = owned
    for route in routes:
        if not set(PARAMETER.findall(route.path)) & set(ids) or "/admin/" in route.path:
            continue
        for strange in ("x", "..%2f..", "%00", "0", "019ab2b0-0000-7000-8000-00000000000g", "é"):
            path = PARAMETER.sub(lambda _m, s=strange: s, route.path)
            answer = owner.ask(
                route.method, path.removeprefix("/api/v1"), BODIES.get((route.method, route.path))
            )
            assert answer.status_code in {404, 405, 422}, (route, strange, answer.text)


def test_the_openapi_document_describes_every_route(routes: list[Known], server: Process) -> None:
    document = httpx.get(f"{server.url}/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    missing = {
        (route.method, route.path)
        for route in routes
        if not route.public and (route.method, route.path) not in described
    }
    assert not missing
    without_body = {"/api/v1/auth/logout", "/api/v1/admin/jobs/{job_id}/retry"}
    bare = [
        (method, path)
        for path, item in document["paths"].items()
        for method in sorted({"post", "put"} & item.keys())
        if path not in without_body
        and '"example' not in json.dumps(resolved(item[method]["requestBody"], document))
    ]
    assert not bare


def resolved(node: Any, document: Any) -> Any:
    """``node`` with what its references name put in their places."""
    if isinstance(node, list):
        return [resolved(each, document) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        return resolved(document["components"]["schemas"][name], document)
    return {key: resolved(value, document) for key, value in node.items()}


def test_nothing_secret_is_logged(
    server: Process, owned: tuple[Client, Client, dict[str, str]]
) -> None:
    owner, _, _ = owned
    log = server.log.read_text()
    assert '"request_id"' in log
    assert owner.token not in log
    assert "correct horse" not in log
    assert "X-Amz-Signature=" not in log.replace("X-Amz-Signature=…", "")
    for word in ("postgresql://", "redis://"):
        assert not re.search(word + r"\w+:[^…@\s]+@", log)
