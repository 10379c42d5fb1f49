"""Accounts, sessions and keys over the real application and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import bcrypt
import httpx
import jwt
import msgspec
import pytest
from litestar import Router, get, post
from sqlalchemy import text

from ecg.auth import keys, passwords, tokens
from ecg.auth.app import api_part, auth_desk, authenticator
from ecg.auth.session import AuthDesk
from ecg.kernel import ratelimit
from ecg.kernel.database import Database
from ecg.kernel.errors import RateLimited
from ecg.kernel.identity import new_id
from ecg.kernel.settings import ApiSettings, Settings
from ecg.kernel.web import Part, create_app

KEY, OLD_KEY = "k" * 40, "o" * 40
PASSWORD = "correct horse"
ADA = {"email": "Ada@Example.org", "password": PASSWORD, "name": "Ada"}
SETTINGS = Settings(secret_key=f"{KEY},{OLD_KEY}", public_url="https://ecg.test")


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", 4)


@get("/x")
async def look() -> dict[str, str]:
    return {}


@post("/x", status_code=200)
async def change() -> dict[str, str]:
    return {}


def app_of(desk: AuthDesk):
    part = Part([Router("/api/v1", route_handlers=[look, change])])
    return create_app([api_part(desk), part], authenticate=authenticator(desk), role="api")


def client_of(desk: AuthDesk) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_of(desk), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://ecg.test/api/v1")


@pytest.fixture
def desk(database: Database) -> AuthDesk:
    return auth_desk(SETTINGS, database)


@pytest.fixture
async def client(desk: AuthDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk) as made:
        yield made


async def sign_up(client: httpx.AsyncClient, **changed: str) -> dict:
    answer = await client.post("/auth/signup", json=ADA | changed)
    assert answer.status_code == 201, answer.text
    client.cookies.clear()
    return answer.json()


async def refreshed(client: httpx.AsyncClient, token: str) -> httpx.Response:
    answer = await client.post("/auth/refresh", json={"refresh_token": token})
    client.cookies.clear()
    return answer


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refused(answer: httpx.Response, status: int, path: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if path:
        assert path in [each["path"] for each in answer.json()["errors"]], answer.text


async def test_sign_up_log_in_and_me(client: httpx.AsyncClient) -> None:
    made = await sign_up(client)
    user = made["user"]
    assert (user["email"], user["name"], user["role"]) == ("ada@example.org", "Ada", "user")
    assert (made["token_type"], made["expires_in"]) == ("Bearer", 900)
    answer = await client.post(
        "/auth/login", json={"email": "ADA@example.ORG", "password": PASSWORD}
    )
    assert answer.status_code == 200
    client.cookies.clear()
    me = await client.get("/auth/me", headers=bearer(answer.json()["access_token"]))
    assert me.json() == user


async def test_nothing_secret_is_stored(client: httpx.AsyncClient, database: Database) -> None:
    made = await sign_up(client)
    key = (
        await client.post(
            "/auth/keys",
            json={"name": "k", "scopes": ["read"]},
            headers=bearer(made["access_token"]),
        )
    ).json()["key"]
    async with database.transaction() as session:
        for table in ("users", "refresh_tokens", "api_keys", "rate_hits"):
            rows = str((await session.execute(text(f"SELECT * FROM {table}"))).all())
            assert rows != "[]"
            for secret in (PASSWORD, made["refresh_token"], made["access_token"], key):
                assert secret not in rows


async def test_a_taken_address_is_a_conflict_that_names_the_field(client) -> None:
    await sign_up(client)
    answer = await client.post("/auth/signup", json=ADA | {"email": "ada@example.org"})
    refused(answer, 409, "$.email")
    assert answer.json()["code"] == "conflict"


@pytest.mark.parametrize("who", ["ada@example.org", "eve@example.org", "google@example.org"])
async def test_every_failed_login_costs_one_check(client, database, monkeypatch, who) -> None:
    await sign_up(client)
    await sign_up(client, email="google@example.org")
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE users SET password_hash = NULL WHERE email LIKE 'google%'")
        )
    calls = []
    check = bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda *a: calls.append(a[1]) or check(*a))
    monkeypatch.setattr(bcrypt, "hashpw", lambda *_: pytest.fail("a hash was made"))
    answer = await client.post("/auth/login", json={"email": who, "password": "wrong horse"})
    refused(answer, 401)
    assert len(calls) == 1
    assert calls[0].startswith(b"$2b$04$")
    assert answer.json()["detail"] == "the e-mail address or the password is wrong"


LONG = "x" * 1025
BAD = [
    ("POST", "/auth/signup", {"password": PASSWORD}, ""),
    ("POST", "/auth/signup", ADA | {"email": "no"}, "$.email"),
    ("POST", "/auth/signup", ADA | {"email": "a b@example.org"}, "$.email"),
    ("POST", "/auth/signup", ADA | {"email": "a@b"}, "$.email"),
    ("POST", "/auth/signup", ADA | {"email": "a\n@example.org"}, "$.email"),
    ("POST", "/auth/signup", ADA | {"email": 5}, "$.email"),
    ("POST", "/auth/signup", ADA | {"email": f"{'a' * 250}@example.org"}, "$.email"),
    ("POST", "/auth/signup", ADA | {"password": "1234567"}, "$.password"),
    ("POST", "/auth/signup", ADA | {"password": LONG}, "$.password"),
    ("POST", "/auth/signup", ADA | {"password": None}, "$.password"),
    ("POST", "/auth/signup", ADA | {"name": "n" * 101}, "$.name"),
    ("POST", "/auth/signup", ADA | {"role": "admin"}, ""),
    ("POST", "/auth/signup", [], ""),
    ("POST", "/auth/signup", None, ""),
    ("POST", "/auth/login", {"email": "no", "password": "x"}, "$.email"),
    ("POST", "/auth/login", {"email": "a@example.org", "password": LONG}, "$.password"),
    ("POST", "/auth/login", {"email": "a@example.org"}, ""),
    ("POST", "/auth/login", None, ""),
    ("POST", "/auth/refresh", {"refresh_token": 1}, "$.refresh_token"),
    ("POST", "/auth/refresh", {"refresh_token": ""}, "$.refresh_token"),
    ("POST", "/auth/refresh", {"refresh_token": "x" * 257}, "$.refresh_token"),
    ("POST", "/auth/refresh", {"token": "x"}, ""),
    ("POST", "/auth/logout", {"refresh_token": []}, "$.refresh_token"),
    ("POST", "/auth/keys", {"name": "", "scopes": ["read"]}, "$.name"),
    ("POST", "/auth/keys", {"name": "k" * 101, "scopes": ["read"]}, "$.name"),
    ("POST", "/auth/keys", {"name": "k", "scopes": []}, "$.scopes"),
    ("POST", "/auth/keys", {"name": "k", "scopes": ["root"]}, "$.scopes[0]"),
    ("POST", "/auth/keys", {"name": "k", "scopes": ["read"] * 3}, "$.scopes"),
    ("POST", "/auth/keys", {"name": "k", "scopes": ["read"], "expires": "soon"}, "$.expires"),
    ("POST", "/auth/keys", {"name": "k", "scopes": ["read"], "expires": "2020-01-01T00:00:00Z"}, "$.expires"),
    ("POST", "/auth/keys", {"name": "k", "scopes": ["read"], "expires": "2090-01-01T00:00:00"}, "$.expires"),
    ("GET", "/auth/keys?cursor=x", None, "cursor"),
    ("GET", "/auth/keys?limit=0", None, "limit"),
    ("GET", "/auth/keys?limit=101", None, "limit"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "field"), BAD)
async def test_bad_input(client, database, method, path, body, field) -> None:
    made = await sign_up(client, email="bad@example.org")
    answer = await client.request(method, path, json=body, headers=bearer(made["access_token"]))
    assert answer.status_code in {400, 422}, answer.text
    refused(answer, answer.status_code, field)
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 1
        assert await session.scalar(text("SELECT count(*) FROM api_keys")) == 0


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"email": "\\ud800@example.org"}'])
@pytest.mark.parametrize("path", ["signup", "login", "refresh", "logout"])
async def test_a_body_that_is_no_json(client, path, body) -> None:
    answer = await client.post(
        f"/auth/{path}", content=body, headers={"Content-Type": "application/json"}
    )
    assert 400 <= answer.status_code < 423
    refused(answer, answer.status_code)


async def test_a_refresh_rotates_and_reuse_ends_the_family(client) -> None:
    first = (await sign_up(client))["refresh_token"]
    credentials = {"email": ADA["email"], "password": PASSWORD}
    other = (await client.post("/auth/login", json=credentials)).json()
    answer = await refreshed(client, first)
    assert answer.status_code == 200
    assert "user" not in answer.json()
    second = answer.json()["refresh_token"]
    assert second != first
    refused(await refreshed(client, first), 401)
    refused(await refreshed(client, second), 401)
    assert (await refreshed(client, other["refresh_token"])).status_code == 200


async def test_two_refreshes_at_once_let_one_through_and_end_the_family(client) -> None:
    token = (await sign_up(client))["refresh_token"]
    answers = await asyncio.gather(*(refreshed(client, token) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    (won,) = (answer.json() for answer in answers if answer.is_success)
    refused(await refreshed(client, won["refresh_token"]), 401)


async def test_reuse_beside_a_rotation_leaves_no_token_alive(client) -> None:
    for n in range(5):
        old = (await sign_up(client, email=f"{n}@example.org"))["refresh_token"]
        new = (await refreshed(client, old)).json()["refresh_token"]
        answers = await asyncio.gather(refreshed(client, new), refreshed(client, old))
        for answer in answers:
            if answer.is_success:
                refused(await refreshed(client, answer.json()["refresh_token"]), 401)
        refused(await refreshed(client, new), 401)


async def test_an_expired_or_unknown_refresh_token(client, database) -> None:
    token = (await sign_up(client))["refresh_token"]
    async with database.transaction() as session:
        await session.execute(text("UPDATE refresh_tokens SET expires_at = now()"))
    refused(await refreshed(client, token), 401)
    refused(await refreshed(client, "unknown"), 401)
    refused(await client.post("/auth/refresh"), 401)


async def test_cookies_are_strict_and_serve_reading_only(client) -> None:
    answer = await client.post("/auth/signup", json=ADA)
    set_by = {each.split("=")[0]: each.lower() for each in answer.headers.get_list("set-cookie")}
    for name, path in (("ecg_access", "/api/v1"), ("ecg_refresh", "/api/v1/auth")):
        parts = set_by[name].split("; ")
        assert {"httponly", "samesite=strict", "secure", f"path={path}"} <= set(parts)
    assert (await client.get("/x")).status_code == 200
    refused(await client.post("/x"), 401)
    token = client.cookies["ecg_refresh"]
    assert (await client.post("/auth/refresh")).status_code == 200
    assert client.cookies["ecg_refresh"] != token
    kept = client.cookies["ecg_refresh"]
    assert (await client.post("/auth/logout")).status_code == 204
    assert not client.cookies
    refused(await client.get("/x"), 401)
    refused(await refreshed(client, kept), 401)


async def test_over_http_cookies_go_without_secure(database) -> None:
    plain = msgspec.structs.replace(SETTINGS, public_url="http://localhost:8000")
    async with client_of(auth_desk(plain, database)) as client:
        answer = await client.post("/auth/signup", json=ADA)
        assert "secure" not in answer.headers["set-cookie"].lower()


async def test_logging_out_with_the_body_ends_the_session(client) -> None:
    token = (await sign_up(client))["refresh_token"]
    answer = await client.post("/auth/logout", json={"refresh_token": token})
    assert answer.status_code == 204
    refused(await refreshed(client, token), 401)
    assert (await client.post("/auth/logout")).status_code == 204


async def test_a_token_in_the_query_is_no_token(client) -> None:
    token = (await sign_up(client))["access_token"]
    for name in ("token", "access_token", "authorization"):
        refused(await client.get("/x", params={name: token}), 401)


def forged(key: str = KEY, algorithm: str = "HS256", **changed) -> str:
    now = int(time.time())
    claims = {
        "iss": "ecg", "aud": "ecg-users", "sub": new_id(), "role": "admin", "jti": new_id(),
        "iat": now, "exp": now + 60, **changed,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, None if algorithm == "none" else key, algorithm=algorithm)


FORGED = {
    "none": {"algorithm": "none"}, "other key": {"key": "z" * 40}, "longer": {"key": "z" * 64, "algorithm": "HS512"},
    "right key, other algorithm": {"key": KEY * 2, "algorithm": "HS512"},
    "audience": {"aud": "api"}, "no audience": {"aud": None}, "issuer": {"iss": "else"},
    "expired": {"exp": 1}, "no expiry": {"exp": None}, "not yet": {"nbf": 99999999999},
    "no subject": {"sub": None}, "no id": {"jti": None}, "role": {"role": "god"},
    "google's": {"aud": "ecg-google"},
}  # fmt: skip


@pytest.mark.parametrize("changed", FORGED.values(), ids=FORGED)
async def test_a_token_that_is_not_ours_and_valid(client, changed) -> None:
    answer = await client.get("/x", headers=bearer(forged(**changed)))
    refused(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


GARBAGE = ["", "x", "a.b.c", "ecg_", "ecg_x", "é", "W" * 5000, "." * 100, "W1tb" * 900 + ".e30.x"]


@pytest.mark.parametrize("token", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage(client, token) -> None:
    refused(await client.get("/x", headers={"Authorization": f"Bearer {token}".encode()}), 401)
    refused(await client.get("/x", headers={"Authorization": token.encode()}), 401)


async def test_both_keys_verify_and_the_first_signs(client) -> None:
    for key in (KEY, OLD_KEY):
        assert (await client.get("/x", headers=bearer(forged(key)))).status_code == 200
    token = (await sign_up(client))["access_token"]
    assert jwt.decode(token, KEY, ["HS256"], audience="ecg-users")["role"] == "user"


async def test_a_remembered_token_still_expires(client) -> None:
    token = forged(exp=int(time.time()) + 2)
    assert (await client.get("/x", headers=bearer(token))).status_code == 200
    await asyncio.sleep(2.1)
    refused(await client.get("/x", headers=bearer(token)), 401)


async def make_key(client, token: str, **body) -> dict:
    body = {"name": "k", "scopes": ["read", "write"], **body}
    answer = await client.post("/auth/keys", json=body, headers=bearer(token))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_key_does_what_its_scopes_say(client) -> None:
    token = (await sign_up(client))["access_token"]
    for scopes, reads, writes in (
        (["read"], 200, 403),
        (["write"], 403, 200),
        (["write", "read"], 200, 200),
    ):
        key = await make_key(client, token, scopes=scopes)
        assert key["key"].startswith("ecg_")
        headers = bearer(key["key"])
        assert (await client.get("/x", headers=headers)).status_code == reads
        assert (await client.post("/x", headers=headers)).status_code == writes


async def test_a_key_is_shown_once_listed_and_deleted(client) -> None:
    token = (await sign_up(client))["access_token"]
    made = [await make_key(client, token, name=f"k{n}") for n in range(3)]
    answer = await client.get("/auth/keys?limit=2", headers=bearer(token))
    page = answer.json()
    assert [item["name"] for item in page["items"]] == ["k2", "k1"]
    assert made[2]["key"] not in answer.text
    assert made[2]["key"].startswith(page["items"][0]["prefix"])
    rest = await client.get(f"/auth/keys?cursor={page['next_cursor']}", headers=bearer(token))
    assert [item["name"] for item in rest.json()["items"]] == ["k0"]
    assert rest.json()["next_cursor"] is None
    gone = await client.delete(f"/auth/keys/{made[0]['id']}", headers=bearer(token))
    assert gone.status_code == 204
    refused(await client.get("/x", headers=bearer(made[0]["key"])), 401)
    refused(await client.delete(f"/auth/keys/{made[0]['id']}", headers=bearer(token)), 404)
    refused(await client.delete("/auth/keys/x", headers=bearer(token)), 404)


async def test_a_stranger_cannot_see_or_delete_a_key(client) -> None:
    key = await make_key(client, (await sign_up(client))["access_token"])
    eve = bearer((await sign_up(client, email="eve@example.org"))["access_token"])
    refused(await client.delete(f"/auth/keys/{key['id']}", headers=eve), 404)
    assert (await client.get("/auth/keys", headers=eve)).json()["items"] == []
    assert (await client.get("/x", headers=bearer(key["key"]))).status_code == 200


async def test_a_key_may_not_manage_keys(client) -> None:
    key = await make_key(client, (await sign_up(client))["access_token"])
    headers = bearer(key["key"])
    body = {"name": "k", "scopes": ["read"]}
    refused(await client.post("/auth/keys", json=body, headers=headers), 403)
    refused(await client.get("/auth/keys", headers=headers), 403)
    refused(await client.delete(f"/auth/keys/{key['id']}", headers=headers), 403)
    assert (await client.get("/auth/me", headers=headers)).status_code == 200


async def test_an_expired_key_is_refused(client, database) -> None:
    token = (await sign_up(client))["access_token"]
    expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    key = await make_key(client, token, expires=expires)
    assert (await client.get("/x", headers=bearer(key["key"]))).status_code == 200
    async with database.transaction() as session:
        await session.execute(text("UPDATE api_keys SET expires_at = now()"))
    refused(await client.get("/x", headers=bearer(key["key"])), 401)


async def test_an_account_has_at_most_so_many_keys(client, monkeypatch) -> None:
    monkeypatch.setattr(keys, "AT_MOST", 1)
    token = (await sign_up(client))["access_token"]
    await make_key(client, token)
    body = {"name": "k", "scopes": ["read"]}
    refused(await client.post("/auth/keys", json=body, headers=bearer(token)), 409)


async def test_last_use_is_written_once_a_minute(client, database) -> None:
    key = await make_key(client, (await sign_up(client))["access_token"])
    seen = set()
    for _ in range(3):
        await client.get("/x", headers=bearer(key["key"]))
        async with database.transaction() as session:
            seen.add(await session.scalar(text("SELECT last_used_at FROM api_keys")))
    assert len(seen) == 1
    assert None not in seen
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE api_keys SET last_used_at = last_used_at - interval '61 s'")
        )
    await client.get("/x", headers=bearer(key["key"]))
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT last_used_at FROM api_keys")) > seen.pop()


async def try_log_in(client, email: str = "ada@example.org", **headers: str) -> httpx.Response:
    body = {"email": email, "password": "wrong horse"}
    return await client.post("/auth/login", json=body, headers=headers)


async def test_five_logins_a_minute_for_an_account(client) -> None:
    for _ in range(5):
        refused(await try_log_in(client), 401)
    answer = await try_log_in(client, "ADA@example.org")
    refused(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 60
    refused(await try_log_in(client, "eve@example.org"), 401)
    forwarded = {"X-Forwarded-For": "203.0.113.9"}  # nobody's proxy: not believed
    refused(await try_log_in(client, **forwarded), 429)


async def test_behind_a_proxy_its_entry_counts_and_not_what_the_client_wrote(database) -> None:
    settings = msgspec.structs.replace(SETTINGS, api=ApiSettings(proxies=1))
    async with client_of(auth_desk(settings, database)) as client:
        for n in range(5):
            passed = {"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"}
            refused(await try_log_in(client, **passed), 401)
        refused(await try_log_in(client, **{"X-Forwarded-For": "1.1.1.1, 203.0.113.9"}), 429)
        refused(await try_log_in(client, **{"X-Forwarded-For": "203.0.113.9, 1.1.1.1"}), 401)


async def test_ten_signups_a_minute_from_an_address(client) -> None:
    for n in range(10):
        await sign_up(client, email=f"{n}@example.org")
    refused(await client.post("/auth/signup", json=ADA), 429)


async def hits(stores: list[Database], count: int, **limits: int) -> list:
    tries = (ratelimit.hit(stores[n % len(stores)], "s", **limits) for n in range(count))
    return await asyncio.gather(*tries, return_exceptions=True)


async def test_of_25_hits_over_two_processes_exactly_20_pass(database) -> None:
    other = Database(database.url.render_as_string(hide_password=False), 5)
    try:
        answers = await hits([database, other], 25, limit=20)
    finally:
        await other.close()
    passed = [each for each in answers if isinstance(each, tuple)]
    assert sorted(left for left, _ in passed) == list(range(20))
    late = [each for each in answers if isinstance(each, RateLimited)]
    assert len(late) == 5
    assert all(0 < each.retry_after <= 60 for each in late)
    assert await ratelimit.hit(database, "another", 20) == (19, 60)


async def test_the_window_slides_and_refusals_do_not_count(database) -> None:
    assert [
        isinstance(each, tuple) for each in await hits([database], 3, limit=2, seconds=1)
    ].count(True) == 2
    await asyncio.sleep(0.6)
    with pytest.raises(RateLimited):
        await ratelimit.hit(database, "s", 2, 1)
    await asyncio.sleep(0.5)
    assert (await ratelimit.hit(database, "s", 2, 1))[0] == 1


async def test_old_hits_and_ended_sessions_are_swept(client, database) -> None:
    await sign_up(client)
    statements = (
        "UPDATE rate_hits SET hits = ARRAY[now() - interval '2 days']",
        "UPDATE refresh_tokens SET expires_at = now() - interval '1 s'",
    )
    async with database.transaction() as session:
        for statement in statements:
            await session.execute(text(statement))
    desk = auth_desk(SETTINGS, database)
    (task,) = api_part(desk).tasks
    running = asyncio.create_task(task())
    counts = None
    for _ in range(100):
        await asyncio.sleep(0.05)
        async with database.transaction() as session:
            counts = [
                await session.scalar(text(f"SELECT count(*) FROM {name}"))
                for name in ("rate_hits", "refresh_tokens")
            ]
        if counts == [0, 0]:
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert counts == [0, 0]


async def test_google_that_is_not_set_up(client) -> None:
    for path in ("start", "callback?code=x&state=y"):
        answer = await client.get(f"/auth/google/{path}")
        refused(answer, 404)
        assert "not set up" in answer.json()["detail"]


def test_tokens_known_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr(tokens, "KNOWN_LIMIT", 3)
    made = tokens.AccessTokens([KEY])
    for _ in range(10):
        made.read(made.issue(new_id(), "user"))
    assert len(made._known) == 3
