from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
import structlog
from litestar import get, post
from litestar.params import FromPath, JSONBody

from ecg.kernel.errors import NotFound, QuotaExceeded, RateLimited, Unauthorized, Unavailable
from ecg.kernel.identity import Principal
from ecg.kernel.web import BODY_LIMIT, Part, Window, _running, create_app


class Body(msgspec.Struct, forbid_unknown_fields=True):
    number: int
    text: str = ""


@post("/api/v1/things")
async def make(data: JSONBody[Body]) -> Body:
    return data


@get("/api/v1/raised/{what:str}")
async def raised(what: FromPath[str]) -> None:
    raise {
        "absent": NotFound("no such thing"),
        "quota": QuotaExceeded("all used"),
        "rate": RateLimited("too many", 7),
        "away": Unavailable("the database does not answer"),
        "defect": ValueError("secret innards"),
    }[what]


@get("/open", public=True)
async def open_to_all() -> str:
    return "hello"


async def authenticate(connection: Any) -> Principal:
    name = connection.headers.get("authorization", "")
    if not name:
        raise Unauthorized("sign in first")
    scopes = ("read",) if name == "reader" else None
    return Principal(name, "user", "t", scopes)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async def fails() -> None:
        raise Unavailable("the store does not answer")

    async def hangs() -> None:
        await asyncio.sleep(60)

    part = Part(routes=[make, raised, open_to_all], checks={"store": fails, "slow": hangs})
    app = create_app(
        [part],
        authenticate=authenticate,
        role="api",
        origins=["https://studio.example.org"],
        requests_per_minute=30,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        (b'{"number": "x"}', 422, "$.number"),
        (b'{"number": 1, "other": 2}', 422, "other"),
        (b"{}", 422, "number"),
        (b"{", 400, "truncated"),
        (b"\xff", 422, "UTF-8"),
        (b'{"number": 1, "text": "\\u0000"}', 422, "U+0000"),
        (b"[" * 5000, 422, "deeply"),
        (b" " * (BODY_LIMIT + 1), 413, f"{BODY_LIMIT:,} bytes"),
    ],
)
async def test_a_senseless_body_is_refused_by_name(
    http: httpx.AsyncClient, body: bytes, status: int, names: str
) -> None:
    answer = await http.post(
        "/api/v1/things",
        content=body,
        headers={"Authorization": "ada", "Content-Type": "application/json"},
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert names in answer.json()["detail"]
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("what", "status", "code", "header"),
    [
        ("absent", 404, "not_found", None),
        ("quota", 403, "quota_exceeded", None),
        ("rate", 429, "rate_limited", ("retry-after", "7")),
        ("away", 503, "unavailable", ("retry-after", "2")),
        ("defect", 500, "error", None),
    ],
)
async def test_errors_are_problems(
    http: httpx.AsyncClient, what: str, status: int, code: str, header: tuple[str, str] | None
) -> None:
    answer = await http.get(f"/api/v1/raised/{what}", headers={"Authorization": "ada"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["instance"] == f"urn:request:{answer.headers['x-request-id']}"
    assert answer.json()["type"] == "about:blank"
    assert "innards" not in answer.text
    if header:
        assert answer.headers[header[0]] == header[1]


async def test_a_store_that_is_away_is_not_logged_with_each_request(
    http: httpx.AsyncClient,
) -> None:
    with structlog.testing.capture_logs() as lines:
        for what in ("away", "away", "absent", "defect"):
            await http.get(f"/api/v1/raised/{what}", headers={"Authorization": "ada"})
    assert [line["event"] for line in lines] == ["defect"]


async def test_a_background_task_waits_for_a_store_without_a_word() -> None:
    runs = 0

    async def away() -> None:
        nonlocal runs
        runs += 1
        raise Unavailable("the store does not answer")

    with structlog.testing.capture_logs() as lines:
        async with _running([away]):
            await asyncio.sleep(1.2)
    assert runs == 2
    assert not [line for line in lines if line["log_level"] != "debug"]


async def test_every_answer_has_the_headers_that_protect(http: httpx.AsyncClient) -> None:
    for path in ("/open", "/nothing", "/api/v1/things", "/health/live", "/metrics"):
        answer = await http.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert len(answer.headers["x-request-id"]) == 32
    trace = f"00-{'c' * 32}-{'d' * 16}-01"
    assert (await http.get("/open", headers={"traceparent": trace})).headers[
        "x-request-id"
    ] == "c" * 32


async def test_all_is_closed_but_what_is_said_to_be_open(http: httpx.AsyncClient) -> None:
    assert (await http.get("/open")).status_code == 200
    closed = await http.post("/api/v1/things", json={"number": 1})
    assert (closed.status_code, closed.headers["www-authenticate"]) == (401, "Bearer")
    reader = {"Authorization": "reader"}
    assert (await http.get("/api/v1/raised/absent", headers=reader)).status_code == 404
    assert (
        await http.post("/api/v1/things", json={"number": 1}, headers=reader)
    ).status_code == 403


async def test_an_account_has_so_many_requests_a_minute(http: httpx.AsyncClient) -> None:
    ada, bob = {"Authorization": "ada"}, {"Authorization": "bob"}
    answers = [
        await http.post("/api/v1/things", json={"number": 1}, headers=ada) for _ in range(31)
    ]
    assert [answer.status_code for answer in answers] == [201] * 30 + [429]
    assert answers[0].headers["ratelimit-remaining"] == "29"
    assert answers[-1].headers["ratelimit-limit"] == "30"
    assert answers[-1].headers["ratelimit-remaining"] == "0"
    assert answers[-1].headers["ratelimit-reset"] == answers[-1].headers["retry-after"]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 61
    assert (await http.post("/api/v1/things", json={"number": 1}, headers=bob)).status_code == 201


async def test_ready_says_which_store_is_away(http: httpx.AsyncClient) -> None:
    answer = await http.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "store": "the store does not answer",
        "slow": "does not answer within 3 s",
    }


async def test_another_origin_may_call_only_where_it_is_named(http: httpx.AsyncClient) -> None:
    asked = {"Access-Control-Request-Method": "PUT"}
    named = await http.options(
        "/api/v1/things", headers={"Origin": "https://studio.example.org", **asked}
    )
    assert named.headers["access-control-allow-origin"] == "https://studio.example.org"
    other = await http.options("/api/v1/things", headers={"Origin": "https://evil.org", **asked})
    assert "access-control-allow-origin" not in other.headers


async def test_a_window_slides(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("ecg.kernel.rates.time.monotonic", lambda: now)
    window = Window(2, 10)
    assert await window.hit("a") == (1, 10)
    now = 105.0
    assert (await window.hit("a"))[0] == 0
    with pytest.raises(RateLimited):
        await window.hit("a")
    now = 110.5
    assert (await window.hit("a"))[0] == 0
    with pytest.raises(RateLimited):
        await window.hit("a")
