"""Quotas against a real PostgreSQL: never over, given back, renewed, charged once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import text

from ecg.kernel.database import Database, utc_now
from ecg.kernel.errors import NotFound, QuotaExceeded
from ecg.kernel.identity import Principal, new_id
from ecg.kernel.settings import LimitSettings
from ecg.kernel.web import create_app
from ecg.usage import admin, service
from ecg.usage.app import api_part
from ecg.usage.daily import daily
from ecg.usage.routes import UsageDesk

pytestmark = pytest.mark.timed

NOW = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
WIDE = LimitSettings()


async def add_user(database: Database, role: str = "user") -> str:
    user_id = new_id()
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO users (id, email, name, role, created_at) VALUES (:i, :e, '', :r, now())"
            ),
            {"i": user_id, "e": f"{user_id}@example.com", "r": role},
        )
    return user_id


async def reserve(database, owner, limits=WIDE, now=NOW, render_id=None) -> str:
    render_id = render_id or new_id()
    async with database.transaction() as session:
        await service.reserve_render(session, owner, render_id, 10.0, limits=limits, now=now)
    return render_id


async def settle(database, render_id, *, charged) -> None:
    async with database.transaction() as session:
        await service.settle_render(session, render_id, charged)


async def usage(database, owner, limits=WIDE, now=NOW) -> service.Usage:
    async with database.transaction() as session:
        return await service.usage_of(session, owner, limits, now)


async def test_fifty_at_once_against_five_let_five_through(database: Database) -> None:
    owner = await add_user(database)
    # a connection for each, so that none waits for another's
    url = database.url.render_as_string(hide_password=False)
    pair = [Database(url, 13), Database(url, 13)]
    limits = LimitSettings(renders_per_day=5)
    try:
        await asyncio.gather(*(one.ping() for one in pair))
        tries = [reserve(pair[n % 2], owner, limits) for n in range(50)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
    finally:
        for one in pair:
            await one.close()
    assert sum(isinstance(each, str) for each in answers) == 5
    assert sum(isinstance(each, QuotaExceeded) for each in answers) == 45


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (LimitSettings(renders_per_day=1), "0 of 1 renders today are left; it renews at 2026-02-01 00:00 UTC"),
        (LimitSettings(renders_per_month=1), "0 of 1 renders this month are left; it renews at 2026-02-01 00:00 UTC"),
        (LimitSettings(renders_at_once=1), "0 of 1 renders at once are left"),
    ],
)  # fmt: skip
async def test_over_it_says_what_is_left_and_giving_back_frees(database, limits, sentence) -> None:
    owner = await add_user(database)
    first = await reserve(database, owner, limits)
    with pytest.raises(QuotaExceeded, match=sentence):
        await reserve(database, owner, limits)
    await settle(database, first, charged=False)
    await reserve(database, owner, limits)


async def test_day_and_month_renew_at_midnight_utc(database: Database) -> None:
    owner = await add_user(database)
    for limits in (LimitSettings(renders_per_day=1), LimitSettings(renders_per_month=1)):
        await settle(database, await reserve(database, owner, now=NOW), charged=True)
        with pytest.raises(QuotaExceeded):
            await reserve(database, owner, limits, NOW)
    await reserve(
        database,
        owner,
        LimitSettings(renders_per_day=1, renders_per_month=1),
        NOW + timedelta(seconds=1),
    )


async def test_a_new_day_does_not_renew_the_month(database: Database) -> None:
    owner, limits = await add_user(database), LimitSettings(renders_per_month=1)
    await reserve(database, owner, limits, NOW - timedelta(days=1))
    with pytest.raises(QuotaExceeded, match="this month"):
        await reserve(database, owner, limits, NOW)


async def test_settling_twice_is_one_entry_and_the_first_counts(database: Database) -> None:
    owner = await add_user(database)
    render_id = await reserve(database, owner)
    await reserve(database, owner, render_id=render_id)
    for charged in (True, True, False):
        await settle(database, render_id, charged=charged)
    seen = await usage(database, owner)
    assert (seen.today.renders, seen.today.seconds, seen.left.concurrent) == (1, 10.0, 25)


async def test_upload_bytes(database: Database) -> None:
    owner, limits = await add_user(database), LimitSettings(upload_bytes_per_month=100)
    async with database.transaction() as session:
        await service.reserve_upload(session, owner, "u1", 60, limits=limits, now=NOW)
    with pytest.raises(QuotaExceeded, match="40 of 100 upload bytes"):
        async with database.transaction() as session:
            await service.reserve_upload(session, owner, "u2", 41, limits=limits, now=NOW)
    async with database.transaction() as session:
        await service.release_upload(session, "u1")
        await service.reserve_upload(session, owner, "u3", 100, limits=limits, now=NOW)
        await service.charge_upload(session, "u3")
        await service.release_upload(session, "u3")
    assert (await usage(database, owner, limits)).month.upload_bytes == 100


async def test_an_accounts_own_quota_overrides_the_default(database: Database) -> None:
    owner = await add_user(database)
    async with database.transaction() as session:
        await service.set_quota(session, owner, service.Override(renders_per_day=0))
    with pytest.raises(QuotaExceeded):
        await reserve(database, owner)
    assert (await usage(database, owner)).quota.renders_per_month == 2000
    async with database.transaction() as session:
        await service.set_quota(session, owner, service.Override())
    await reserve(database, owner)
    with pytest.raises(NotFound):
        async with database.transaction() as session:
            await service.set_quota(session, new_id(), service.Override())


async def test_routes_and_who_may_ask(database: Database) -> None:
    boss, owner = await add_user(database, "admin"), await add_user(database)
    await reserve(database, owner, now=utc_now())
    retried: list[str] = []

    async def retry(_session, job_id: str) -> None:
        retried.append(job_id)

    people = {
        "boss": Principal(boss, "admin", "t"),
        "key": Principal(boss, "admin", "t", ("read", "write")),
        "owner": Principal(owner, "user", "t"),
    }

    async def authenticate(connection) -> Principal:
        return people[connection.headers["who"]]

    part = api_part(UsageDesk(database, WIDE, retry))
    job = new_id()
    async with AsyncTestClient(create_app([part], authenticate=authenticate, role="api")) as client:
        mine = (await client.get("/api/v1/usage", headers={"who": "owner"})).json()
        assert mine["today"] == {"renders": 1, "seconds": 10.0}
        assert mine["left"]["renders_per_day"] == 199
        for who in ("key", "owner"):
            for path in ("usage", "usage/days", "jobs"):
                assert (
                    await client.get(f"/api/v1/admin/{path}", headers={"who": who})
                ).status_code == 403
            assert (
                await client.post(f"/api/v1/admin/jobs/{job}/retry", headers={"who": who})
            ).status_code == 403
        assert retried == []
        head = {"who": "boss"}
        page = (await client.get("/api/v1/admin/usage?limit=1", headers=head)).json()
        rest = (
            await client.get(f"/api/v1/admin/usage?cursor={page['next_cursor']}", headers=head)
        ).json()
        assert [each["id"] for each in page["items"] + rest["items"]] == [owner, boss]
        assert page["items"][0]["usage"]["month"]["renders"] == 1
        assert rest["next_cursor"] is None
        days = (await client.get("/api/v1/admin/usage/days?days=2", headers=head)).json()["items"]
        assert [each["day"] for each in days][-1] == utc_now().date().isoformat()
        assert (days[-1]["renders"], days[-1]["seconds"]) == (1, 10.0)
        assert days[0] == {**days[-1], "day": days[0]["day"], "renders": 0, "seconds": 0.0}
        assert (
            await client.get("/api/v1/admin/jobs?state=failed&kind=render", headers=head)
        ).json()["items"] == []
        assert (
            await client.post(f"/api/v1/admin/jobs/{job}/retry", headers=head)
        ).status_code == 202
        assert retried == [job]
        for query, name in (("state=odd", "state"), ("kind=odd", "kind"), ("limit=0", "limit"),
                            ("limit=x", "limit"), ("cursor=x", "cursor")):  # fmt: skip
            answer = await client.get(f"/api/v1/admin/jobs?{query}", headers=head)
            assert answer.status_code in {400, 422}, (query, answer.text)
            assert name in answer.json()["errors"][0]["path"], answer.text


async def test_a_day_is_utc_and_what_was_given_back_is_not_in_it(database: Database) -> None:
    owner = await add_user(database)
    await reserve(database, owner)
    await reserve(database, owner, now=NOW + timedelta(seconds=1))
    given_back = await reserve(database, owner, now=NOW + timedelta(seconds=2))
    await settle(database, given_back, charged=False)
    async with database.transaction() as session:
        days = await daily(session, 3, NOW + timedelta(hours=1))
    assert [(str(each.day), each.renders, each.seconds) for each in days] == [
        ("2026-01-30", 0, 0.0), ("2026-01-31", 1, 10.0), ("2026-02-01", 1, 10.0),
    ]  # fmt: skip


async def test_a_day_has_the_seconds_of_the_videos_that_were_analysed(database: Database) -> None:
    owner = await add_user(database)
    async with database.transaction() as session:
        for seconds, state in ((90.5, "succeeded"), (30.0, "succeeded"), (7.0, "failed")):
            ids = {"v": new_id(), "a": new_id(), "o": owner, "s": state, "at": NOW}
            await session.execute(
                text(
                    "INSERT INTO videos (id, owner_id, state, filename, size, content_type, key,"
                    " media, created_at) VALUES (:v, :o, 'ready', 'a.mp4', 1, 'video/mp4', '',"
                    " jsonb_build_object('duration', CAST(:d AS float)), :at)"
                ),
                {**ids, "d": seconds},
            )
            await session.execute(
                text(
                    "INSERT INTO analyses (id, video_id, owner_id, state, attempt, request, trace,"
                    " timeout, model, created_at)"
                    " VALUES (:a, :v, :o, :s, 1, '{}', '', 1, 'base', :at)"
                ),
                ids,
            )
        days = await daily(session, 2, NOW + timedelta(hours=1))
    assert [(each.analyses, each.analysed, each.failed) for each in days] == [
        (3, 120.5, 1),
        (0, 0, 0),
    ]


async def test_the_numbers_are_measured(database: Database) -> None:
    owner = await add_user(database)
    await reserve(database, owner, LimitSettings(), utc_now())
    async with database.transaction() as session:
        await admin.measure(session, LimitSettings(renders_per_day=4), utc_now())
    assert admin.FULLEST.labels("renders_per_day")._value.get() == 0.25
