"""Senseless input on every route gets a 4xx problem that names what is wrong, and leaves no
row and no object behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from psycopg import sql

from ecg.kernel.embedded.stores import known_stores
from tests.e2e.api_routes import Known, Owned
from tests.e2e.service import Process

NONSENSE: list[bytes] = [
    b"", b"null", b"[]", b"{", b'"x"', b"0", b"\xff\xfe", b'{"unknown": 1}',
    b'{"email": 1, "password": null, "filename": {}, "size": "x", "video_id": 5, "url": []}',
    b'{"email": "\\u0000", "filename": "\\u0000", "name": "\\u0000"}',
    b'{"email": "' + b"x" * 100_000 + b'"}',
    b'{"filename": "a.mp4", "size": -1, "content_type": "video/mp4"}',
    b'{"filename": "a.mp4", "size": 1e400, "content_type": "video/mp4"}',
    b'{"video_id": "\xed\xa0\x80"}', b"[" * 5000,
]  # fmt: skip


QUERIES = ("limit=x", "limit=-1", "limit=1e9", "cursor=%00", "cursor=x", "state=x&kind=y")


@pytest.fixture(scope="module")
def document(server: Process) -> dict[str, Any]:
    return httpx.get(f"{server.url}/api/v1/openapi.json").json()


@pytest.fixture
def unchanged(server: Process) -> Iterator[None]:
    """After the test there are as many rows and objects as before."""
    before = counted(server)
    yield
    assert counted(server) == before


def counted(server: Process) -> dict[str, int]:
    """How many rows each table has, but for the hits that a rate limit counts, and how many
    files the object store."""
    stores = known_stores(server.data)
    assert stores is not None
    with psycopg.connect(stores.database_url) as database:
        names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = sorted(name for (name,) in names if name != "rate_hits")
        counts = {
            name: database.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
            ).fetchone()[0]
            for name in tables
        }
    assert counts["users"] >= 2
    files = sum(path.is_file() for path in (server.data / "store").rglob("*"))
    assert files > 0
    return counts | {"objects": files}


def check_refused(answer: httpx.Response, *what: object) -> None:
    assert 400 <= answer.status_code < 500, (*what, answer.text)
    assert answer.status_code != 429, (*what, answer.text)
    assert answer.headers["content-type"] == "application/problem+json", what
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"], what
    assert all(each["path"] and each["message"] for each in problem.get("errors", [])), what


@pytest.mark.full
@pytest.mark.usefixtures("unchanged")
def test_a_senseless_body_is_refused(
    routes: list[Known], owned: Owned, server: Process, document: dict[str, Any]
) -> None:
    refused = 0
    with httpx.Client(base_url=f"{server.url}/api/v1") as http:  # without cookies
        for route in routes:
            if route.method not in {"POST", "PUT"} or not route.path.startswith("/api/"):
                continue
            body = document["paths"][route.path][route.method.lower()].get("requestBody")
            optional = body is None or not body.get("required")
            for sent in NONSENSE:
                if optional and sent in {b"", b"null"}:
                    continue
                answer = http.request(
                    route.method, route.filled(owned.ids), content=sent,
                    headers={"Authorization": f"Bearer {owned.owner.token}", "Content-Type": "application/json"},
                )  # fmt: skip
                check_refused(answer, route, sent[:80])
                refused += 1
    assert refused > 200


@pytest.mark.usefixtures("unchanged")
def test_a_senseless_query_is_refused(
    routes: list[Known], owned: Owned, document: dict[str, Any]
) -> None:
    asked = 0
    for route in routes:
        operation = document["paths"].get(route.path, {}).get("get", {})
        known = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        for query in QUERIES if route.method == "GET" else ():
            if query.partition("=")[0] in known:
                path = f"{route.filled(owned.ids)}?{query}"
                answer = owned.owner.ask("GET", path)
                if route.for_admins and answer.status_code == 403:
                    continue
                check_refused(answer, path)
                asked += 1
    assert asked >= 20


EXAMPLES = 8
"""Of each operation."""

STARTS = {"POST /api/v1/videos/{video_id}/analysis"}
"""What would set a worker to work, for which the next reader of events would wait."""


def test_whatever_the_document_allows_is_answered_or_refused(server: Process, owned: Owned) -> None:
    """Generated from the OpenAPI document that the server serves."""
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:
        strange = operation.method == "delete" or operation.label in STARTS
        ids = {} if strange else owned.ids
        names = {each.name for each in operation.path_parameters}
        strategy = operation.as_strategy(
            path_parameters={name: ids[name] for name in names & ids.keys()}
        )

        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=strategy)
        def check(case: schemathesis.Case) -> None:
            answer = case.call(
                headers={"Authorization": f"Bearer {owned.owner.token}"},
                allow_redirects=False, timeout=20,
            )  # fmt: skip
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            if answer.status_code >= 400:
                kind = answer.headers["content-type"]
                assert kind == ["application/problem+json"], case.as_curl_command()

        check()
