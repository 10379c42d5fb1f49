"""The OpenAPI document of the whole api: enough to make a typed client from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ecg.kernel.embedded import Stores
from ecg.kernel.settings import DatabaseSettings, RedisSettings, Settings
from ecg.service.process import service

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMAS = "#/components/schemas/"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(services: Stores) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        secret_key="s" * 32, service_key="k" * 32, s3=services.s3,
        database=DatabaseSettings(url=services.database_url),
        redis=RedisSettings(reader_url=services.reader_url),
    )  # fmt: skip
    async with service(settings, frozenset(["api"])) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(http: httpx.AsyncClient) -> Any:
    answer = await http.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def answer_of(document: Any, method: str, path: str) -> Any:
    """The content of the one success of an operation."""
    responses = document["paths"][f"/api/v1{path}"][method]["responses"]
    (good,) = (responses[status] for status in responses if status.startswith("2"))
    return good["content"]


async def test_every_reference_leads_somewhere(document: Any) -> None:
    there = document["components"]["schemas"]
    named = set(references(document))
    assert f"{SCHEMAS}Scenario" in named
    assert {name.removeprefix(SCHEMAS) for name in named} <= set(there)


async def test_every_operation_says_what_a_refusal_looks_like(document: Any) -> None:
    for method, path, operation in operations(document):
        refused = operation["responses"]["default"]["content"]
        assert refused == {"application/problem+json": {"schema": {"$ref": f"{SCHEMAS}Problem"}}}
        assert "400" not in operation["responses"], (method, path)
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) >= {"title", "status", "detail", "code", "instance"}
    assert "errors" not in problem["required"]


async def test_only_what_is_open_needs_no_token(document: Any) -> None:
    opened = {
        f"{method} {path}"
        for method, path, operation in operations(document)
        if operation.get("security") == []
    }
    auth = "/api/v1/auth"
    assert opened == {
        f"post {auth}/signup", f"post {auth}/login", f"post {auth}/refresh", f"post {auth}/logout",
        f"get {auth}/ways", f"get {auth}/google/start", f"get {auth}/google/callback",
    }  # fmt: skip
    assert document["security"] == [{"bearer": []}]


async def test_every_answer_has_a_shape(document: Any) -> None:
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                schema = content.get("schema")
                assert schema not in (None, {}), (method, path, status)
                if media == "application/json":
                    assert schema.get("type") != "string", (method, path, status)


async def test_documents_and_jobs_are_typed(document: Any) -> None:
    scenario = {"application/json": {"schema": {"$ref": f"{SCHEMAS}Scenario"}}}
    base = "/videos/{video_id}"
    for method, path in (
        ("get", f"{base}/scenario"), ("put", f"{base}/scenario"),
        ("post", f"{base}/scenario/compose"), ("post", f"{base}/captions"),
        ("get", f"{base}/captions.json"),
    ):  # fmt: skip
        assert answer_of(document, method, path) == scenario, path
    assert list(answer_of(document, "get", f"{base}/captions.srt")) == ["application/x-subrip"]
    for path, kind in (
        (f"{base}/analysis/events", "AnalysisView"), ("/renders/{render_id}/events", "RenderView"),
    ):  # fmt: skip
        events = {"text/event-stream": {"schema": {"$ref": SCHEMAS + kind}}}
        assert answer_of(document, "get", path) == events
    schemas = document["components"]["schemas"]
    for field, kind in (("analysis", "AnalysisView"), ("latest_render", "RenderView")):
        shape = schemas["VideoView"]["properties"][field]
        assert shape == {"anyOf": [{"$ref": f"{SCHEMAS}{kind}"}, {"type": "null"}]}
    order = document["paths"]["/api/v1/renders"]["post"]["requestBody"]["content"]
    assert order["application/json"]["schema"] == {"$ref": f"{SCHEMAS}NewRender"}
    named = set(references(schemas["NewRender"]))
    assert named == {f"{SCHEMAS}Scenario", f"{SCHEMAS}Output"}
    sent = document["paths"][f"/api/v1{base}/scenario"]["put"]
    assert [each["name"] for each in sent["parameters"] if each["in"] == "header"] == ["If-Match"]


async def test_a_body_that_may_be_left_out_is_not_demanded(document: Any) -> None:
    optional = {
        path.removeprefix("/api/v1")
        for _, path, operation in operations(document)
        if operation.get("requestBody", {"required": True})["required"] is False
    }
    assert optional == {
        "/auth/refresh", "/auth/logout", "/uploads/{upload_id}/complete",
        "/videos/{video_id}/analysis",
    }  # fmt: skip


async def test_an_address_that_is_none_is_a_problem(http: httpx.AsyncClient) -> None:
    for path in ("/api/v1/nothing", "/api/v1/nothing/more", "/nothing"):
        answer = await http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.headers["content-type"] == "application/problem+json"
