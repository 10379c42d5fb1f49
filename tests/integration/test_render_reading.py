"""Renders as their owner sees them, on real stores."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import msgspec
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ecg.kernel.errors import NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.redis import READS
from ecg.render import desk, progress
from ecg.usage import service as ledger
from tests.integration.desks import World
from tests.integration.renders import RESULT, ordered, rendered, report


async def renders_used(here: World, owner: str) -> int:
    async with here.database.transaction() as session:
        return (await ledger.usage_of(session, owner, here.limits)).today.renders


async def test_a_deleted_video_takes_its_jobs_along(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    done, waiting = await ordered(here, owner, video), await ordered(here, owner, video)
    await report(here, done, 1, await rendered(here, done))
    again = await here.ask(owner, "POST", f"/videos/{video}/analysis", {})
    assert (await here.ask(owner, "DELETE", f"/videos/{video}")).status_code == 204
    assert here.render.submitter.cancelled == [waiting]  # pyright: ignore[reportAttributeAccessIssue]
    assert here.analysis.submitter.cancelled == [again.json()["id"]]  # pyright: ignore[reportAttributeAccessIssue]
    assert (await here.get(owner, "/renders"))["items"] == []
    assert await renders_used(here, owner) == 1
    with pytest.raises(NotFound):
        await here.store.head(desk.key_of(done, 1, RESULT))


async def test_lists_are_paged_newest_first(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    made = [await ordered(here, owner, video) for _ in range(5)]
    found, cursor = [], ""
    while True:
        page = await here.get(owner, f"/renders?limit=2{cursor}")
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == made[::-1]


async def test_progress_is_shown_while_it_is_at_work(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))
    await desk.begin(here.render, job)
    now = progress.Progress(1, time.time(), "render", 10, 250, 50.0, 2.0, 4.8)
    await progress.write(here.redis, job, now)
    shown = await here.get(owner, f"/renders/{job}")
    assert shown["progress"] == {
        "stage": "render", "frame": 10, "total": 250, "fps": 50.0, "speed": 2.0, "eta": 4.8,
    }  # fmt: skip
    assert (await here.get(owner, "/renders"))["items"][0]["progress"]["frame"] == 10


async def test_how_often_progress_was_found_is_counted(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    jobs = [await ordered(here, owner, video) for _ in range(3)]
    await progress.write(here.redis, jobs[0], progress.Progress(1, time.time(), "render"))

    def counted() -> list[float]:
        return [READS.labels("render", name)._value.get() for name in ("hit", "miss", "error")]

    before = counted()
    await progress.read_many(here.redis, jobs)
    async with Redis(port=1, retry=Retry(NoBackoff(), 0)) as absent:
        await progress.read_many(absent, jobs)
    after = counted()
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 2, 3]


async def test_a_video_shows_its_newest_jobs(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    job = await ordered(here, owner, video)
    await desk.begin(here.render, job)
    now = progress.Progress(1, time.time(), "render", 10, 250)
    await progress.write(here.redis, job, now)
    shown = await here.get(owner, f"/videos/{video}")
    assert shown["analysis"]["state"] == "succeeded"
    assert (shown["latest_render"]["id"], shown["latest_render"]["progress"]["frame"]) == (job, 10)
    assert (await here.get(owner, "/videos"))["items"] == [shown]


async def test_what_this_process_changed_is_seen_at_once(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))
    assert (await here.get(owner, f"/renders/{job}"))["state"] == "pending"
    await here.ask(owner, "DELETE", f"/renders/{job}")
    assert (await here.get(owner, f"/renders/{job}"))["state"] == "cancelled"


async def test_events_of_many_readers_end_with_the_render(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))

    async def work() -> None:
        await asyncio.sleep(0.3)
        done = await rendered(here, job)
        for frame in (10, 20):
            now = progress.Progress(1, time.time(), "render", frame, 250)
            await progress.write(here.redis, job, now)
            await asyncio.sleep(1.2)
        await report(here, job, 1, done)

    working = asyncio.create_task(work())
    path = f"/renders/{job}/events"
    answers = await asyncio.gather(*(here.ask(owner, "GET", path) for _ in range(3)))
    await working
    for answer in answers:
        lines = answer.text.splitlines()
        seen = [msgspec.json.decode(line[5:]) for line in lines if line.startswith("data:")]
        frames = [each["progress"]["frame"] for each in seen if each["progress"]]
        assert {10, 20} <= set(frames)
        assert frames == sorted(frames)
        assert seen[-1]["state"] == "succeeded"
        assert sum(line.startswith("event: end") for line in lines) == 1
    late = await here.ask(owner, "GET", path)
    assert Counter(line for line in late.text.splitlines() if line.startswith("event")) == {
        "event: progress": 1, "event: end": 1,
    }  # fmt: skip


async def test_events_end_where_the_render_is_deleted(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    job = await ordered(here, owner, video)
    reading = asyncio.create_task(here.ask(owner, "GET", f"/renders/{job}/events"))
    await asyncio.sleep(0.3)
    assert (await here.ask(owner, "DELETE", f"/videos/{video}")).status_code == 204
    async with asyncio.timeout(10):
        lines = (await reading).text.splitlines()
    events = [line for line in lines if line.startswith("event")]
    assert events == ["event: progress", "event: end"]
    last = [line for line in lines if line.startswith("data:")][-1]
    assert msgspec.json.decode(last[5:])["id"] == job


async def test_a_stranger_finds_nothing(here: World) -> None:
    owner, stranger = await here.add_user(), await here.add_user()
    video = await here.analysed(owner)
    job = await ordered(here, owner, video)
    await here.get(owner, f"/renders/{job}")
    for wanted in (job, new_id(), "x"):
        for method, path in (
            ("GET", ""), ("DELETE", ""), ("GET", "/events"), ("GET", "/download"),
        ):  # fmt: skip
            answer = await here.ask(stranger, method, f"/renders/{wanted}{path}")
            assert answer.status_code == 404, (method, path, answer.text)
            assert answer.json()["code"] == "not_found"
    answer = await here.ask(stranger, "POST", "/renders", {"video_id": video})
    assert answer.status_code == 404
    assert (await here.get(stranger, "/renders"))["items"] == []
    assert (await here.get(owner, f"/renders/{job}"))["state"] == "pending"


async def test_styles_and_the_files_to_draw_them_with(here: World) -> None:
    owner = await here.add_user()
    styles = await here.get(owner, "/styles")
    assert "intention" in [style["name"] for style in styles["items"]]
    assert styles["next_cursor"] is None
    assert (await here.get(owner, "/styles/intention"))["parameters"]
    assert (await here.ask(owner, "GET", "/styles/none")).status_code == 404
    for path, kind in (
        ("/engine/index.js", "text/javascript"),
        ("/styles/intention/style.css", "text/css"),
        ("/fonts/fonts.css", "text/css"),
        ("/fonts/pretendard.woff2", "font/woff2"),
    ):
        answer = await here.client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["cache-control"].startswith("public")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    for path in (
        "/engine/../compose.py", "/engine/%2e%2e/compose.py", "/engine/..%2fcompose.py",
        "/engine//etc/passwd", "/engine/", "/fonts/none.woff2", "/styles/__init__.py",
    ):  # fmt: skip
        assert (await here.client.get(path)).status_code == 404, path
