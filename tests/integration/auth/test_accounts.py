"""Accounts and sessions over the real application and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import bcrypt
import httpx
import jwt
import msgspec
import pytest
from sqlalchemy import text

from ecg.auth.app import auth_desk, refuse_ended
from ecg.auth.service import GRACE
from ecg.kernel.database import Database
from ecg.kernel.identity import new_id
from tests.integration.auth.accounts import (
    ADA,
    KEY,
    OLD_KEY,
    PASSWORD,
    SETTINGS,
    bearer,
    client_of,
    refreshed,
    refused,
    sign_up,
)


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


async def test_a_refresh_rotates_and_late_reuse_ends_the_family(client, database) -> None:
    first = (await sign_up(client))["refresh_token"]
    credentials = {"email": ADA["email"], "password": PASSWORD}
    other = (await client.post("/auth/login", json=credentials)).json()
    answer = await refreshed(client, first)
    assert answer.status_code == 200
    assert "user" not in answer.json()
    second = answer.json()["refresh_token"]
    assert second != first
    await wait(database, GRACE)
    refused(await refreshed(client, first), 401)
    refused(await refreshed(client, second), 401)
    assert (await refreshed(client, other["refresh_token"])).status_code == 200


async def wait(database, while_: timedelta) -> None:
    """Makes every use of a token so much longer ago."""
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE refresh_tokens SET used_at = used_at - :while_"), {"while_": while_}
        )


async def test_an_answer_that_was_lost_comes_again(client, database) -> None:
    old = (await sign_up(client))["refresh_token"]
    new = (await refreshed(client, old)).json()["refresh_token"]
    await wait(database, GRACE - timedelta(seconds=10))
    assert (await refreshed(client, old)).json()["refresh_token"] == new
    assert (await refreshed(client, new)).status_code == 200


async def test_reuse_after_the_answer_came_ends_the_family(client) -> None:
    old = (await sign_up(client))["refresh_token"]
    new = (await refreshed(client, old)).json()["refresh_token"]
    newest = (await refreshed(client, new)).json()["refresh_token"]
    refused(await refreshed(client, old), 401)
    for token in (new, newest):
        refused(await refreshed(client, token), 401)


async def test_refreshes_at_once_are_given_one_token(client) -> None:
    token = (await sign_up(client))["refresh_token"]
    answers = await asyncio.gather(*(refreshed(client, token) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    (new,) = {answer.json()["refresh_token"] for answer in answers}
    assert (await refreshed(client, new)).status_code == 200


async def test_reuse_beside_a_rotation_leaves_no_token_alive(client, database) -> None:
    for n in range(5):
        old = (await sign_up(client, email=f"{n}@example.org"))["refresh_token"]
        new = (await refreshed(client, old)).json()["refresh_token"]
        await wait(database, GRACE)
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
    answer = await client.post("/auth/refresh")
    assert (answer.status_code, "refresh_token" in answer.json()) == (200, False)
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


async def test_an_ended_session_makes_no_keys_and_soon_nothing(client, desk) -> None:
    made, other = await sign_up(client), await sign_up(client, email="bob@example.org")
    old, body = bearer(made["access_token"]), {"name": "k", "scopes": ["read"]}
    assert (await client.post("/auth/keys", json=body, headers=old)).status_code == 201
    await client.post("/auth/logout", json={"refresh_token": made["refresh_token"]})
    refused(await client.post("/auth/keys", json=body, headers=old), 401)
    await refuse_ended(desk)
    refused(await client.get("/x", headers=old), 401)
    for token in (forged(), other["access_token"]):
        assert (await client.get("/x", headers=bearer(token))).status_code == 200
    refused(await client.post("/auth/keys", json=body, headers=bearer(forged())), 401)


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
