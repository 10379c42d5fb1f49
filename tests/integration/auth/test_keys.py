"""API keys and rates over the real application and a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
from sqlalchemy import text

from ecg.auth import keys, tokens
from ecg.auth.app import api_part, auth_desk
from ecg.kernel import ratelimit
from ecg.kernel.database import Database
from ecg.kernel.errors import RateLimited
from ecg.kernel.identity import new_id
from ecg.kernel.settings import ApiSettings
from tests.integration.auth.accounts import (
    ADA,
    KEY,
    SETTINGS,
    bearer,
    client_of,
    refused,
    sign_up,
)


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
    assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("5", "0")
    refused(await try_log_in(client, "eve@example.org"), 401)
    forwarded = {"X-Forwarded-For": "203.0.113.9"}  # nobody's proxy: not believed
    refused(await try_log_in(client, **forwarded), 429)


async def test_thirty_logins_a_minute_for_all_accounts_from_an_address(client) -> None:
    for n in range(30):
        refused(await try_log_in(client, f"{n}@example.org"), 401)
    answer = await try_log_in(client, "another@example.org")
    refused(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 60


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
    answer = await client.post("/auth/signup", json=ADA)
    refused(answer, 429)
    assert answer.headers["ratelimit-limit"] == "10"
    assert answer.headers["ratelimit-reset"] == answer.headers["retry-after"]


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
    task = api_part(desk).tasks[0]
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
        made.read(made.issue(new_id(), "user", new_id()))
    assert len(made._known) == 3
