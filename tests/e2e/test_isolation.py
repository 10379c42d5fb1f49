"""From the route table, so that a new route is covered by itself: nothing without a token, and
nothing for a stranger."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.e2e.api_routes import BODIES, PARAMETER, SHARED, Known, Owned
from tests.e2e.client import Client
from tests.e2e.service import Process


def problem(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.json()


def closed(routes: list[Known]) -> list[Known]:
    return [route for route in routes if not route.public and route.path.startswith("/api/")]


def test_without_a_token_nothing_is_open(
    routes: list[Known], server: Process, owned: Owned
) -> None:
    assert len(closed(routes)) > 30
    for route in closed(routes):
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp4"}):
            path = f"{server.url}/api/v1{route.filled(owned.ids)}"
            answer = httpx.request(route.method, path, headers=headers)
            assert answer.status_code == 401, (route, answer.text)
            assert problem(answer)["code"] == "unauthorized"


def test_open_routes_are_these(routes: list[Known]) -> None:
    opened = {f"{route.method} {route.path}" for route in routes if route.public}
    internal = {each for each in opened if " /internal/" in each}
    assert opened - internal == {
        "POST /api/v1/auth/signup",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/logout",
        "GET /api/v1/auth/ways",
        "GET /api/v1/auth/google/start",
        "GET /api/v1/auth/google/callback",
        "GET /api/v1",
        "GET /admin",
        "GET /api/v1/openapi.json",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /engine/{name}",
        "GET /fonts/{name}",
        "GET /styles/{name}",
        "GET /",
        "GET /sign-in",
        "GET /videos/{video_id}",
        "GET /{elsewhere}",
        "GET /account",
        "GET /assets/{name}",
    }
    assert not [route for route in routes if not route.public and route not in closed(routes)]


def test_a_users_token_opens_nothing_between_roles(routes: list[Known], owned: Owned) -> None:
    internal = [route for route in routes if route.path.startswith("/internal/")]
    assert len(internal) == 4
    for route in internal:
        path = PARAMETER.sub(owned.ids["job_id"], route.path)
        body = {"attempt": 1, "names": ["source"]}
        headers = {"Authorization": f"Bearer {owned.owner.token}"}
        answer = owned.owner.http.request(route.method, path, json=body, headers=headers)
        assert answer.status_code == 401, (route, answer.text)
        assert problem(answer)["code"] == "unauthorized"


def test_a_stranger_finds_nothing(routes: list[Known], owned: Owned) -> None:
    """``filled`` raises for a parameter that is neither of what the owner has nor everybody's,
    so a route with a new one is not passed over."""
    seen: set[str] = set()
    for route in closed(routes):
        if route.for_admins or not route.parameters:
            continue
        path = route.filled(owned.ids)
        if route.parameters <= set(SHARED):
            assert owned.stranger.ask(route.method, path).is_success, route
            continue
        seen |= route.parameters
        answer = owned.stranger.ask(route.method, path, BODIES.get((route.method, route.path)))
        assert answer.status_code == 404, (route, answer.status_code, answer.text)
        assert problem(answer)["code"] == "not_found"
    assert seen == set(owned.ids) - {"job_id"}
    answer = owned.stranger.ask("POST", "/renders", {"video_id": owned.ids["video_id"]})
    assert answer.status_code == 404


def test_the_owner_still_has_everything(owned: Owned) -> None:
    """So what a stranger was answered is not for want of the thing, and took nothing away."""
    ids = owned.ids
    for path in (
        f"/videos/{ids['video_id']}",
        f"/videos/{ids['video_id']}/scenario",
        f"/videos/{ids['video_id']}/transcript",
        f"/videos/{ids['video_id']}/contour",
        f"/uploads/{ids['upload_id']}",
        f"/webhooks/{ids['webhook_id']}/deliveries",
    ):
        assert owned.owner.ask("GET", path).status_code == 200, path
    assert owned.owner.call("GET", f"/renders/{ids['render_id']}")["state"] == "succeeded"
    kept = owned.owner.call("GET", "/looks")["items"]
    assert ids["look_id"] in {look["id"] for look in kept}
    keys = owned.owner.call("GET", "/auth/keys")["items"]
    assert ids["key_id"] in {key["id"] for key in keys}


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_only_an_admin_gets_into_the_admins_routes(
    routes: list[Known], owned: Owned, who: str
) -> None:
    client: Client = getattr(owned, who)
    of_admins = [route for route in closed(routes) if route.for_admins]
    assert len(of_admins) >= 3
    for route in of_admins:
        answer = client.ask(route.method, route.filled(owned.ids))
        assert answer.status_code == 403, (route, answer.text)
        assert problem(answer)["code"] == "forbidden"


def test_strange_ids_are_not_found(routes: list[Known], owned: Owned) -> None:
    for route in closed(routes):
        if not route.parameters or route.for_admins:
            continue
        for strange in ("x", "..%2f..", "%00", "0", "019ab2b0-0000-7000-8000-00000000000g", "é"):
            path = PARAMETER.sub(lambda _m, s=strange: s, route.path).removeprefix("/api/v1")
            answer = owned.owner.ask(route.method, path, BODIES.get((route.method, route.path)))
            assert answer.status_code in {404, 405, 422}, (route, strange, answer.text)
            problem(answer)


def test_the_openapi_document_describes_every_route(routes: list[Known], server: Process) -> None:
    document = httpx.get(f"{server.url}/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    missing = {(route.method, route.path) for route in closed(routes)} - described
    assert not missing
    without_body = {
        "/api/v1/auth/logout", "/api/v1/admin/jobs/{job_id}/retry", "/api/v1/fonts/{font_id}/complete",
    }  # fmt: skip
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
