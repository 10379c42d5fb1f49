"""What orders and reports do to renders, on real stores."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import func, select, update

from ecg.captions.scenario import Scenario, read_scenario
from ecg.kernel.attempts import Stored, Trouble
from ecg.kernel.database import Database, utc_now
from ecg.kernel.embedded import Stores
from ecg.kernel.errors import Conflict, DocumentInvalid, InputRefused
from ecg.kernel.identity import new_id
from ecg.kernel.problems import BODY_LIMIT
from ecg.kernel.settings import LimitSettings
from ecg.kernel.webhooks import secret_of, signed
from ecg.render import desk, routes
from ecg.render.interfaces import Rendered, RenderFailed, RenderReport, RenderResult
from ecg.render.models import IdempotencyKey, Render
from ecg.uploads import service as videos
from ecg.usage import admin
from ecg.usage import service as ledger
from ecg.usage.models import Entry
from tests.integration.desks import MEDIA, SERVICE_KEYS, World, world
from tests.integration.renders import CRASH, RESULT, ordered, rendered, report


async def renders_used(here: World, owner: str) -> int:
    async with here.database.transaction() as session:
        return (await ledger.usage_of(session, owner, here.limits)).today.renders


async def test_a_render_from_order_to_download(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    job = await ordered(here, owner, video, output={"quality": "draft"})
    shown = await here.get(owner, f"/renders/{job}")
    assert (shown["state"], shown["progress"], shown["output"]["quality"]) == (
        "pending", None, "draft",
    )  # fmt: skip
    early = await here.ask(owner, "GET", f"/renders/{job}/download")
    assert early.status_code == 409
    await report(here, job, 1, await rendered(here, job))
    here.render.watch.forget(owner, job)
    shown = await here.get(owner, f"/renders/{job}")
    assert shown["state"] == "succeeded"
    assert shown["result"] == {
        "size": 7, "duration": 10.0, "width": 640, "height": 360,
        "notes": ["Its chapters are left out."],
    }  # fmt: skip
    answer = await here.ask(owner, "GET", f"/renders/{job}/download")
    assert answer.status_code == 302
    async with httpx.AsyncClient() as http:
        assert (await http.get(answer.headers["location"])).content == b"a video"
    again = await here.ask(owner, "GET", f"/renders/{job}/download")
    assert again.headers["location"] == answer.headers["location"]
    assert [event for _, event, _ in here.told] == ["analysis.succeeded", "render.succeeded"]
    assert await renders_used(here, owner) == 1


async def test_the_attempt_gets_the_scenario_as_it_was_ordered(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "Hello")
    scenario = await here.get(owner, f"/videos/{video}/scenario")
    stored = await ordered(here, owner, video)
    scenario["cues"][0]["words"][0]["text"] = "Changed"
    given = await ordered(here, owner, video, scenario=scenario)
    for job, text in ((stored, "Hello"), (given, "Changed")):
        request = msgspec.json.decode((await desk.begin(here.render, job)).request)
        assert request["job"]["scenario"]["cues"][0]["words"][0]["text"] == text
        assert request["video_id"] == video


async def test_the_attempt_gets_the_output_as_it_was_ordered(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    for output, wanted in (
        ({}, (None, None)),
        ({"height": 720, "fps": 25}, (720, "25")),
        ({"fps": "30000/1001"}, (None, "30000/1001")),
        ({"fps": 12.5}, (None, "25/2")),
    ):
        job = await ordered(here, owner, video, output=output)
        request = msgspec.json.decode((await desk.begin(here.render, job)).request)
        assert (request["job"]["height"], request["job"]["fps"]) == wanted
        shown = (await here.get(owner, f"/renders/{job}"))["output"]
        assert {key: shown[key] for key in output} == output


@pytest.mark.parametrize(
    ("form", "name", "saved", "media_type"),
    [
        ("mp4", "result.mp4", "-captioned.mp4", "video/mp4"),
        ("webm-alpha", "result.webm", "-captions.webm", "video/webm"),
        ("mov-alpha", "result.mov", "-captions.mov", "video/quicktime"),
    ],
)
async def test_a_download_has_the_name_and_type_of_its_format(
    here: World, form: str, name: str, saved: str, media_type: str
) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner), output={"format": form})
    await desk.begin(here.render, job)
    urls = await desk.sign(here.render, job, 1, [name])
    await here.put(urls[name].put, b"a video")
    facts = RenderResult(7, 10.0, 640, 360, 250, 3, 5.0, "canvas")
    await report(here, job, 1, Rendered(Stored(name, 7, "0" * 64), facts))
    answer = await here.ask(owner, "GET", f"/renders/{job}/download")
    async with httpx.AsyncClient() as http:
        file = await http.get(answer.headers["location"])
    assert file.content == b"a video"
    assert file.headers["content-type"] == media_type
    assert file.headers["content-disposition"].startswith("attachment; filename=")
    assert file.headers["content-disposition"].endswith(saved)


async def test_of_two_reports_at_once_one_has_effect_and_settles(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    for _ in range(5):
        job = await ordered(here, owner, video)
        done = await rendered(here, job)
        here.told.clear()
        await asyncio.gather(report(here, job, 1, done), report(here, job, 1, RenderFailed(CRASH)))
        here.render.watch.forget(owner, job)
        shown = await here.get(owner, f"/renders/{job}")
        assert [event for _, event, _ in here.told] == [f"render.{shown['state']}"]
        assert (shown["result"] is None) is (shown["state"] == "failed")


async def test_a_failed_or_cancelled_render_is_given_back(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    here.told.clear()
    order = await here.ask(owner, "POST", "/renders", {"video_id": video})
    failed, cancelled = order.json()["id"], await ordered(here, owner, video)
    assert await renders_used(here, owner) == 2
    await desk.begin(here.render, failed)
    await report(here, failed, 1, RenderFailed(CRASH))
    answer = await here.ask(owner, "DELETE", f"/renders/{cancelled}")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert await renders_used(here, owner) == 0
    assert [event for _, event, _ in here.told] == ["render.failed", "render.failed"]
    assert here.render.submitter.cancelled == [cancelled]  # pyright: ignore[reportAttributeAccessIssue]
    shown = await here.get(owner, f"/renders/{failed}")
    assert shown["error"]["detail"] == CRASH.message
    assert shown["error"]["type"] == "about:blank"
    assert shown["error"]["instance"] == f"urn:request:{order.headers['x-request-id']}"
    async with here.database.transaction() as session:
        (told,) = await admin.jobs(session, "render", "failed", None, 10)
    assert msgspec.to_builtins(told.error) == shown["error"]
    again = await here.ask(owner, "DELETE", f"/renders/{failed}")
    assert (again.status_code, again.json()["state"]) == (200, "failed")
    with pytest.raises(Conflict):
        await desk.begin(here.render, cancelled)
    with pytest.raises(Conflict):
        await desk.sign(here.render, cancelled, 0, [RESULT])


async def test_what_comes_late_again_or_for_nothing_has_no_effect(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))
    done = await rendered(here, job)
    await desk.begin(here.render, job)
    here.told.clear()
    await report(here, job, 1, RenderFailed(CRASH))
    await report(here, new_id(), 1, RenderFailed(CRASH))
    assert (await here.get(owner, f"/renders/{job}"))["state"] == "running"
    assert here.told == []
    report_id = new_id()
    done = await rendered(here, job)
    for _ in range(3):
        await report(here, job, 3, done, report_id)
    assert len(here.told) == 1


async def test_a_report_that_comes_again_by_http_has_one_effect(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))
    sent = RenderReport(job, 1, await rendered(here, job))
    here.told.clear()
    secret, body = secret_of(SERVICE_KEYS[0]), msgspec.json.encode(sent)
    headers = signed(secret, f"{job}-1-succeeded", body)
    assert await here.send("renders", sent, headers | {"webhook-id": "another"}) == 401
    assert (
        await here.send("renders", sent, signed(secret_of("x"), headers["webhook-id"], body)) == 401
    )
    assert await renders_state(here, job) == ("running", "reserved")
    assert await here.send("renders", sent, headers) == 204
    assert await here.send("renders", sent, headers) == 204
    assert await here.send("renders", sent, signed(secret, headers["webhook-id"], body)) == 204
    assert [event for _, event, _ in here.told] == ["render.succeeded"]
    assert await renders_state(here, job) == ("succeeded", "charged")
    assert await renders_used(here, owner) == 1
    async with here.database.transaction() as session:
        entries = select(func.count()).select_from(Entry).where(Entry.owner_id == owner)
        assert await session.scalar(entries) == 1


async def renders_state(here: World, job: str) -> tuple[str, str]:
    """Of the render and of its entry in the ledger, as the database has them."""
    async with here.database.transaction() as session:
        render = await session.scalar(select(Render.state).where(Render.id == job))
        entry = await session.scalar(select(Entry.state).where(Entry.subject_id == job))
    return str(render), str(entry)


async def test_a_result_that_is_not_there_fails_the_render(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))
    await desk.begin(here.render, job)
    facts = RenderResult(7, 10.0, 640, 360, 250, 3, 5.0, "canvas")
    await report(here, job, 1, Rendered(Stored(RESULT, 7, "0" * 64), facts))
    assert (await here.get(owner, f"/renders/{job}"))["state"] == "failed"
    assert await renders_used(here, owner) == 0


async def test_an_attempt_reaches_only_its_own_objects(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))
    await desk.begin(here.render, job)
    urls = await desk.sign(here.render, job, 1, ["source", RESULT])
    assert urls["source"].put == ""
    assert urls["source"].get
    assert f"renders/{job}/1/{RESULT}" in urls[RESULT].put
    for name in (
        "../other", "transcript.json", "segments/../x.mp4", f"segments/{'a' * 63}.mp4",
        f"segments/{'a' * 64}.avi", "result.webm",
    ):  # fmt: skip
        with pytest.raises(InputRefused):
            await desk.sign(here.render, job, 1, [name])


async def test_segments_are_the_videos_own_and_read_where_they_are(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    one, two = [f"segments/{letter * 64}.mp4" for letter in "ab"]
    job = await ordered(here, owner, video)
    await desk.begin(here.render, job)
    urls = await desk.sign(here.render, job, 1, [one, two])
    assert [pair.get for pair in urls.values()] == ["", ""]
    await here.put(urls[one].put, b"a segment")
    later, other = (
        await ordered(here, owner, video),
        await ordered(here, owner, await here.analysed(owner)),
    )
    for render, there in ((later, True), (other, False)):
        await desk.begin(here.render, render)
        urls = await desk.sign(here.render, render, 1, [one, two])
        assert (urls[one].get != "", urls[two].get) == (there, "")
    prefix = desk.segments_of(owner, video)
    assert await here.render.store.names_under(prefix) == {f"{prefix}{'a' * 64}.mp4"}


async def test_an_idempotency_key_makes_one_render(here: World) -> None:
    owner, other = await here.add_user(), await here.add_user()
    video = await here.analysed(owner)
    body = {"video_id": video}
    answers = await asyncio.gather(
        *(here.ask(owner, "POST", "/renders", body, **{"Idempotency-Key": "k"}) for _ in range(5))
    )
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["id"] for a in answers}) == 1
    assert await renders_used(here, owner) == 1
    changed = {"video_id": video, "output": {"quality": "draft"}}
    wrong = await here.ask(owner, "POST", "/renders", changed, **{"Idempotency-Key": "k"})
    assert wrong.status_code == 422
    assert "Idempotency-Key" in wrong.json()["detail"]
    theirs = {"video_id": await here.analysed(other)}
    free = await here.ask(other, "POST", "/renders", theirs, **{"Idempotency-Key": "k"})
    assert free.status_code == 202
    async with here.database.transaction() as session:
        old = update(IdempotencyKey).values(created_at=utc_now() - timedelta(hours=25))
        await session.execute(old)
    new = await here.ask(owner, "POST", "/renders", changed, **{"Idempotency-Key": "k"})
    assert new.status_code == 202
    assert new.json()["id"] != answers[0].json()["id"]


async def test_a_refused_order_keeps_no_key_and_no_quota(
    database: Database, services: Stores
) -> None:
    limits = LimitSettings(renders_per_minute=1000, renders_per_day=1)
    async with world(database, services, limits) as here:
        owner = await here.add_user()
        video = await here.analysed(owner)
        first = await ordered(here, owner, video)
        body, key = {"video_id": video}, {"Idempotency-Key": "k"}
        answer = await here.ask(owner, "POST", "/renders", body, **key)
        assert (answer.status_code, answer.json()["code"]) == (403, "quota_exceeded")
        assert len((await here.get(owner, "/renders"))["items"]) == 1
        await here.ask(owner, "DELETE", f"/renders/{first}")
        assert (await here.ask(owner, "POST", "/renders", body, **key)).status_code == 202


async def test_the_rate_is_limited_before_anything_is_looked_up(
    database: Database, services: Stores
) -> None:
    async with world(database, services, LimitSettings(renders_per_minute=3)) as here:
        owner, other = await here.add_user(), await here.add_user()
        bodies = [{"video_id": new_id()}, b"nonsense", {"video_id": new_id()}]
        statuses = [
            (await here.ask(owner, "POST", "/renders", body)).status_code for body in bodies
        ]
        assert statuses == [404, 422, 404]
        again = await here.add_user()
        strange = {"video_id": "\0"}
        for body, headers, status, left in (
            (b"{}", {"Idempotency-Key": "k" * 256}, 422, "2"),
            (strange, {}, 422, "1"),
            (b" " * (BODY_LIMIT + 1), {}, 413, "0"),
            (b"{}", {}, 429, "0"),
        ):
            answer = await here.ask(again, "POST", "/renders", body, **headers)
            found = (answer.status_code, answer.headers["ratelimit-remaining"])
            assert found == (status, left), answer.text
        answer = await here.ask(owner, "POST", "/renders", {"video_id": new_id()})
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["ratelimit-limit"] == "3"
        assert answer.headers["ratelimit-remaining"] == "0"
        free = await here.ask(other, "POST", "/renders", {"video_id": new_id()})
        assert (free.status_code, free.headers["ratelimit-remaining"]) == (404, "2")
        assert (await here.ask(owner, "GET", "/renders")).status_code == 200


async def test_what_is_wrong_with_an_order_is_named(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    scenario = await here.get(owner, f"/videos/{video}/scenario")
    scenario["cues"][0]["end"] = 99.0
    table = [
        ({}, "video_id"),
        ({"video_id": "x"}, "$.video_id"),
        ({"video_id": video, "more": 1}, "more"),
        ({"video_id": video, "output": {"format": "gif"}}, "$.output.format"),
        ({"video_id": video, "output": {"height": 721}}, "$.output.height"),
        ({"video_id": video, "output": {"height": 0}}, "$.output.height"),
        ({"video_id": video, "output": {"height": 4000}}, "at most 4096 pixels"),
        ({"video_id": video, "output": {"fps": 0}}, "$.output.fps"),
        ({"video_id": video, "output": {"fps": "25/0"}}, "$.output.fps"),
        ({"video_id": video, "output": {"fps": "fast"}}, "$.output.fps"),
        ({"video_id": video, "output": {"quality": "best"}}, "$.output.quality"),
        ({"video_id": video, "scenario": {}}, "$.scenario"),
        ({"video_id": video, "scenario": scenario}, "$.scenario.cues[0].end"),
        (b"{", "$"),
        (b"", "$"),
    ]
    for body, named in table:
        answer = await here.ask(owner, "POST", "/renders", body)
        assert answer.status_code == 422, (body, answer.text)
        assert named in answer.text, answer.text
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x"):
        answer = await here.ask(owner, "GET", f"/renders?{query}")
        assert answer.status_code == 422, answer.text
    checking = await here.add_video(owner, "checking")
    answer = await here.ask(owner, "POST", "/renders", {"video_id": checking})
    assert answer.status_code == 409
    bare = await here.add_video(owner)
    answer = await here.ask(owner, "POST", "/renders", {"video_id": bare})
    assert answer.status_code == 404
    assert (await here.get(owner, "/renders"))["items"] == []
    assert await renders_used(here, owner) == 0


async def test_a_scenario_is_read_beside_the_loop_and_holds_no_connection(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner)
    scenario = await here.get(owner, f"/videos/{video}/scenario")
    seen: list[tuple[bool, int]] = []

    def watched(data: bytes) -> Scenario:
        pool: Any = here.database.engine.pool
        beside = threading.current_thread() is not threading.main_thread()
        seen.append((beside, pool.checkedout()))
        return read_scenario(data)

    monkeypatch.setattr(routes, "read_scenario", watched)
    await ordered(here, owner, video, scenario=scenario)
    assert seen == [(True, 0)]


async def test_the_stored_scenario_is_seen_to_fit_the_video(here: World) -> None:
    owner = await here.add_user()
    scenario = await here.get(owner, f"/videos/{await here.analysed(owner)}/scenario")
    scenario["cues"][0]["end"] = 99.0
    video = await here.add_video(owner, "checking")  # nobody knows yet how long it is
    stored = await here.ask(owner, "PUT", f"/videos/{video}/scenario", scenario)
    assert stored.status_code == 200, stored.text
    async with here.database.transaction() as session:
        await videos.set_facts(session, video, MEDIA, None)
    answer = await here.ask(owner, "POST", "/renders", {"video_id": video})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["path"] == "$.scenario.cues[0].end"


async def test_what_an_engine_finds_wrong_with_a_scenario_is_told(here: World) -> None:
    owner = await here.add_user()
    job = await ordered(here, owner, await here.analysed(owner))
    await desk.begin(here.render, job)
    fault = DocumentInvalid("ends at 99 s: too late", "$.cues[0].end")
    await report(here, job, 1, RenderFailed(Trouble.of(fault)))
    shown = await here.get(owner, f"/renders/{job}")
    assert (shown["state"], shown["error"]["code"]) == ("failed", "document_invalid")
    assert shown["error"]["errors"] == [
        {"path": "$.cues[0].end", "message": "ends at 99 s: too late"}
    ]
