"""Analyses, scenarios and captions as the api offers them, on real stores."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter

import httpx
import msgspec
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ecg.analysis import desk, progress
from ecg.analysis.interfaces import (
    PROBE_SECONDS,
    TRANSCRIPT,
    Analysed,
    AnalysisFailed,
    AnalysisReport,
    Probed,
    Refused,
)
from ecg.analysis.models import Analysis
from ecg.kernel.attempts import Stored, Trouble
from ecg.kernel.errors import Conflict, InputRefused, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.telemetry import begin_trace
from ecg.kernel.webhooks import secret_of, signed
from ecg.uploads import service as videos
from ecg.usage import service as ledger
from tests.integration.desks import (
    MEDIA,
    MP4,
    SERVICE_KEYS,
    World,
    scenario_of,
    transcript_of,
)

SILENT = Trouble("media_refused", "there is no sound track; only video")


async def report(here: World, job: str, attempt: int, event, report_id: str | None = None) -> None:
    await desk.receive(here.analysis, report_id or new_id(), AnalysisReport(job, attempt, event))


async def video_of(here: World, owner: str, video: str) -> videos.VideoFacts:
    async with here.database.transaction() as session:
        return await videos.find_video(session, owner, video)


async def test_a_transcript_and_its_scenario_come_with_the_last_report(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    shown = await here.get(owner, f"/videos/{video}/analysis")
    assert (shown["id"], shown["state"], shown["progress"]) == (job, "pending", 0)
    again = await here.analyse(job, transcript_of("Hello", "there", "world."))
    shown = await here.get(owner, f"/videos/{video}/analysis")
    assert (shown["state"], shown["progress"], shown["language"]) == ("succeeded", 1, "en")
    heard = await here.get(owner, f"/videos/{video}/transcript")
    assert [word["text"] for word in heard["segments"][0]["words"]] == ["Hello", "there", "world."]
    scenario = await here.get(owner, f"/videos/{video}/scenario")
    assert [w["text"] for cue in scenario["cues"] for w in cue["words"]] == [
        "Hello", "there", "world.",
    ]  # fmt: skip
    assert scenario["style"]["name"] == "intention"
    assert (await video_of(here, owner, video)).state == "ready"
    assert [(who, event) for who, event, _ in here.told] == [(owner, "analysis.succeeded")]
    await report(here, job, 1, AnalysisFailed(SILENT), again)
    assert (await here.get(owner, f"/videos/{video}/analysis"))["state"] == "succeeded"
    assert len(here.told) == 1


async def test_a_transcript_without_words_gives_an_empty_scenario(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    await here.analyse(await here.start(owner, video), transcript_of())
    assert (await here.get(owner, f"/videos/{video}/scenario"))["cues"] == []


async def test_the_contour_is_kept_beside_the_transcript_for_its_owner(here: World) -> None:
    owner, other = await here.add_user(), await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    path = f"/videos/{video}/contour"
    assert (await here.ask(owner, "GET", path)).status_code == 404
    await here.analyse(job, transcript_of("Hello"), contour=b"ECGC-numbers")
    answer = await here.ask(owner, "GET", path)
    assert (answer.status_code, answer.content) == (200, b"ECGC-numbers")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (await here.ask(other, "GET", path)).status_code == 404
    older = await here.analysed(owner, "Hello")
    answer = await here.ask(owner, "GET", f"/videos/{older}/contour")
    assert answer.status_code == 404
    assert "analyse it anew" in answer.json()["detail"]


async def test_another_analysis_leaves_the_scenario_that_may_hold_work(here: World) -> None:
    owner = await here.add_user()
    video = await here.analysed(owner, "One")
    answer = await here.ask(owner, "POST", f"/videos/{video}/analysis", {"language": "en"})
    assert answer.status_code == 202, answer.text
    await here.analyse(answer.json()["id"], transcript_of("Two"))
    heard = await here.get(owner, f"/videos/{video}/transcript")
    assert heard["segments"][0]["text"] == "Two"
    scenario = await here.get(owner, f"/videos/{video}/scenario")
    assert scenario["cues"][0]["words"][0]["text"] == "One"


async def test_a_refused_video_is_deleted_from_the_store(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    key = (await video_of(here, owner, video)).key
    await here.put(await here.store.presign_put(key, public=False), b"not a video")
    job = await here.start(owner, video)
    await desk.begin(here.analysis, job)
    await report(here, job, 1, Refused(Trouble("media_refused", "it is a text")))
    assert (await video_of(here, owner, video)).state == "refused"
    with pytest.raises(NotFound):
        await here.store.head(key)
    shown = await here.get(owner, f"/videos/{video}/analysis")
    assert (shown["state"], shown["error"]["code"]) == ("failed", "media_refused")
    assert [event for _, event, _ in here.told] == ["analysis.failed"]


async def test_a_refused_video_is_given_back_and_says_where_it_was_found(here: World) -> None:
    owner = await here.add_user()
    facts = {"filename": "a.mp4", "size": len(MP4), "content_type": "video/mp4"}
    begun = (await here.ask(owner, "POST", "/uploads", facts)).json()
    (part,) = begun["parts"]
    async with httpx.AsyncClient() as http:
        await http.put(part["url"], content=MP4, headers=part["headers"])
    done = await here.ask(owner, "POST", f"/uploads/{begun['id']}/complete")
    assert done.status_code == 202, done.text

    async def used() -> int:
        async with here.database.transaction() as session:
            return (await ledger.usage_of(session, owner, here.limits)).month.upload_bytes

    assert await used() == len(MP4)
    job = done.json()["analysis"]["id"]
    await desk.begin(here.analysis, job)
    begin_trace(f"00-{'e' * 32}-{'f' * 16}-01")
    await report(here, job, 1, Refused(Trouble("media_refused", "4,097 pixels are too many")))
    assert await used() == 0
    video = await here.get(owner, f"/videos/{begun['video_id']}")
    for shown in (video["refusal"], video["analysis"]["error"]):
        assert (shown["code"], shown["type"]) == ("media_refused", "about:blank")
    assert video["refusal"]["instance"] == f"urn:request:{'e' * 32}"
    assert video["analysis"]["error"]["instance"] == f"urn:request:{done.headers['x-request-id']}"


async def test_a_video_without_sound_is_ready_and_its_analysis_failed(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    await desk.begin(here.analysis, job)
    await report(here, job, 1, Probed(msgspec.structs.replace(MEDIA, audio=())))
    await report(here, job, 1, AnalysisFailed(SILENT))
    facts = await video_of(here, owner, video)
    assert (facts.state, facts.media and facts.media.audio) == ("ready", ())
    shown = await here.get(owner, f"/videos/{video}/analysis")
    assert shown["error"]["detail"] == SILENT.message


async def test_what_an_attempt_may_take_follows_from_the_video_once_it_is_known(
    here: World,
) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    await desk.begin(here.analysis, job)
    timeouts = []
    for event in (None, Probed(MEDIA)):
        if event:
            await report(here, job, 1, event)
        async with here.database.transaction() as session:
            timeouts.append((await session.get_one(Analysis, job)).timeout)
    assert timeouts[0] > here.limits.video_seconds
    assert timeouts[1] == int(900 + 1000 / (8 << 20) + PROBE_SECONDS + 900 + 20 * MEDIA.duration)


async def test_reports_that_come_late_or_for_nothing_have_no_effect(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    await desk.begin(here.analysis, job)
    await desk.begin(here.analysis, job)
    stored = Stored(TRANSCRIPT, 1, "0")
    for event in (Probed(MEDIA), Analysed(stored, 1.0), AnalysisFailed(SILENT)):
        await report(here, job, 1, event)
        await report(here, new_id(), 1, event)
    assert (await video_of(here, owner, video)).state == "checking"
    assert (await here.get(owner, f"/videos/{video}/analysis"))["state"] == "running"
    assert here.told == []


async def test_a_report_that_comes_again_by_http_has_one_effect(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    await desk.begin(here.analysis, job)
    secret, sent = secret_of(SERVICE_KEYS[0]), AnalysisReport(job, 1, AnalysisFailed(SILENT))
    body = msgspec.json.encode(sent)
    headers = signed(secret, f"{job}-1-failed", body)
    assert await here.send("analyses", sent, headers | {"webhook-id": "another"}) == 401
    assert (await here.get(owner, f"/videos/{video}/analysis"))["state"] == "running"
    for _ in range(2):
        assert await here.send("analyses", sent, headers) == 204
        assert await here.send("analyses", sent, signed(secret, f"{job}-1-failed", body)) == 204
    assert [event for _, event, _ in here.told] == ["analysis.failed"]
    here.analysis.watch.forget(owner, job)
    assert (await here.get(owner, f"/videos/{video}/analysis"))["state"] == "failed"


@pytest.mark.parametrize("wrong", ["absent", "another", "nonsense"])
async def test_a_transcript_that_cannot_be_used_fails_the_analysis(here: World, wrong: str) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    await desk.begin(here.analysis, job)
    data = b'{"version": 7}'
    if wrong != "absent":
        urls = await desk.sign(here.analysis, job, 1, [TRANSCRIPT])
        await here.put(urls[TRANSCRIPT].put, data)
    digest = hashlib.sha256(data if wrong == "nonsense" else b"").hexdigest()
    await report(here, job, 1, Analysed(Stored(TRANSCRIPT, len(data), digest), 1.0))
    shown = await here.get(owner, f"/videos/{video}/analysis")
    assert (shown["state"], shown["error"]["code"]) == ("failed", "engine_failed")
    assert (await here.ask(owner, "GET", f"/videos/{video}/scenario")).status_code == 404


async def test_urls_are_only_for_the_attempt_at_work_and_its_own_names(here: World) -> None:
    owner = await here.add_user()
    job = await here.start(owner, await here.add_video(owner, "checking"))
    await desk.begin(here.analysis, job)
    urls = await desk.sign(here.analysis, job, 1, ["source", TRANSCRIPT])
    assert urls["source"].put == ""
    assert f"analyses/{job}/1/{TRANSCRIPT}" in urls[TRANSCRIPT].put
    for name in ("../other", "result.mp4", ""):
        with pytest.raises(InputRefused):
            await desk.sign(here.analysis, job, 1, [name])
    await desk.begin(here.analysis, job)
    with pytest.raises(Conflict):
        await desk.sign(here.analysis, job, 1, ["source"])
    with pytest.raises(NotFound):
        await desk.sign(here.analysis, new_id(), 1, ["source"])


async def test_one_analysis_at_a_time_however_many_ask(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner)
    answers = await asyncio.gather(
        *(here.ask(owner, "POST", f"/videos/{video}/analysis", {}) for _ in range(5))
    )
    assert Counter(a.status_code for a in answers) == {202: 1, 409: 4}
    closed = await here.ask(owner, "DELETE", f"/videos/{video}/analysis")
    assert (closed.status_code, closed.json()["state"]) == (200, "cancelled")
    assert len(here.analysis.submitter.cancelled) == 1  # pyright: ignore[reportAttributeAccessIssue]
    again = await here.ask(owner, "POST", f"/videos/{video}/analysis")
    assert again.status_code == 202, again.text


async def test_progress_is_read_and_its_absence_is_no_fault(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    await desk.begin(here.analysis, job)
    shown = await here.get(owner, f"/videos/{video}/analysis")
    assert (shown["state"], shown["progress"], shown["stage"]) == ("running", 0, None)
    await progress.write(here.redis, job, progress.Progress(1, time.time(), "transcribe", 0.4))
    shown = await here.get(owner, f"/videos/{video}/analysis")
    assert (shown["progress"], shown["stage"]) == (0.4, "transcribe")
    async with Redis(port=1, retry=Retry(NoBackoff(), 0)) as absent:
        without = msgspec.structs.replace(here.analysis, reader=absent)
        found = await desk.shown_of(without, [job])
    shown = msgspec.json.decode(found[job].data)
    assert (shown["state"], shown["progress"]) == ("running", 0)


async def test_events_tell_each_change_and_then_end(here: World) -> None:
    owner = await here.add_user()
    video = await here.add_video(owner, "checking")
    job = await here.start(owner, video)
    lines: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0.3)
        await desk.begin(here.analysis, job)
        await progress.write(here.redis, job, progress.Progress(1, time.time(), "decode", 0.1))
        await asyncio.sleep(1.2)
        await desk.receive(here.analysis, new_id(), AnalysisReport(job, 1, AnalysisFailed(SILENT)))

    working = asyncio.create_task(work())
    answer = await here.ask(owner, "GET", f"/videos/{video}/analysis/events")
    await working
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = answer.text.splitlines()
    events = [line.removeprefix("event: ") for line in lines if line.startswith("event:")]
    jobs = [msgspec.json.decode(line[5:]) for line in lines if line.startswith("data:")]
    assert events[-1] == "end"
    assert set(events[:-1]) == {"progress"}
    states = [job["state"] for job in jobs]
    assert states[0] == "pending"
    assert states[-2:] == ["failed", "failed"]
    assert 0.1 in [job["progress"] for job in jobs]


async def test_a_stranger_finds_nothing(here: World) -> None:
    owner, stranger = await here.add_user(), await here.add_user()
    video = await here.analysed(owner)
    scenario, _ = await scenario_of(here, owner, video)
    asked = [
        ("GET", "analysis", None), ("POST", "analysis", {}), ("DELETE", "analysis", None),
        ("GET", "analysis/events", None), ("GET", "transcript", None), ("GET", "scenario", None),
        ("PUT", "scenario", scenario), ("POST", "scenario/compose", {}), ("GET", "lint", None),
        ("GET", "captions.srt", None), ("GET", "captions.vtt", None),
        ("GET", "captions.json", None), ("GET", "captions.ass", None),
    ]  # fmt: skip
    for method, path, body in asked:
        for wanted in (video, new_id()):
            answer = await here.ask(
                stranger, method, f"/videos/{wanted}/{path}", body, **{"If-Match": "*"}
            )
            assert answer.status_code == 404, (method, path, answer.text)
            assert answer.json()["code"] == "not_found"
