"""The worker roles at work: real engines in children, a real queue and a real object store. The
desk is kept in memory, so that a test sees what reached it."""

import asyncio
import hashlib
import os
import signal
import uuid
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from ecg.analysis import app as analysis_app
from ecg.analysis import progress as analysis_progress
from ecg.analysis import worker as analysis_worker
from ecg.analysis.interfaces import (
    Analysed,
    AnalysisFailed,
    AnalysisRequest,
    Probed,
    Realigned,
    RealignJob,
    RealignRequest,
    Refused,
)
from ecg.analysis.pulling import pull
from ecg.captions.backdrop import read_backdrop
from ecg.captions.transcript import read_transcript
from ecg.kernel.attempts import Attempt, SignedPair, Ticket
from ecg.kernel.errors import Conflict, Unavailable
from ecg.kernel.queue import JobQueue, QueueSubmitter
from ecg.kernel.redis import connect
from ecg.kernel.settings import load_settings
from ecg.kernel.storage import Store
from ecg.kernel.telemetry import Faults
from ecg.kernel.transfer import open_client
from ecg.kernel.work import Link, told
from ecg.media.info import VideoLimits
from ecg.media.probe import probe
from ecg.render import app as render_app
from ecg.render import progress as render_progress
from ecg.render import worker as render_worker
from ecg.render.browsers import find_browser
from ecg.render.interfaces import Rendered, RenderFailed, RenderJob, RenderRequest
from tests.integration.render.videos import cue, scenario, write_video

pytestmark = pytest.mark.timed

MEDIA = Path("tests/fixtures/media")


class Desk:
    """Gives out attempts of one job and keeps its reports. ``away``: questions that go
    unanswered first."""

    def __init__(self, store, source, request):
        self.id = str(uuid.uuid4())
        self.store = store
        self.source = source
        self.request = msgspec.Raw(msgspec.json.encode(request))
        self.attempt = 0
        self.reports = {}
        self.away = 0
        self.over = asyncio.Event()

    async def begin(self, _job_id):
        self._answer()
        self.attempt += 1
        return Attempt(self.attempt, self.request)

    async def sign(self, _job_id, attempt, names):
        self._answer()
        if self.over.is_set() or attempt != self.attempt:
            raise Conflict("over")
        return {name: await self._pair(name, attempt) for name in names}

    async def deliver(self, report_id, report):
        self._answer()
        self.reports[report_id] = report
        if not isinstance(report.event, Probed):
            self.over.set()

    def events(self):
        return [report.event for report in self.reports.values()]

    async def stored(self, name):
        return await self.store.read(self.key(name, self.attempt), 1 << 30)

    def key(self, name, attempt):
        return f"{self.id}/{attempt}/{name}"

    async def _pair(self, name, attempt):
        if name == "source":
            return SignedPair(get=await self.store.presign_get(self.source, public=False))
        if name.startswith("segments/"):
            key = f"{self.source}-{name}"
            there = await self.store.names_under(key)
            get = await self.store.presign_get(key, public=False) if there else ""
            return SignedPair(get, await self.store.presign_put(key, public=False))
        return SignedPair(put=await self.store.presign_put(self.key(name, attempt), public=False))

    def _answer(self):
        if self.away:
            self.away -= 1
            raise Unavailable("away")
        if self.over.is_set():
            raise Conflict("over")


@pytest.fixture
async def store(services):
    made = Store(services.s3)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def put(store):
    async def put(path):
        key = f"sources/{uuid.uuid4()}"
        async with open_client() as client:
            url = await store.presign_put(key, public=False)
            (await client.put(url, content=path.read_bytes())).raise_for_status()
        return key

    return put


@asynccontextmanager
async def working(redis_url, desk, part, engine, work_dir):
    queue = JobQueue(connect(redis_url), f"test-{uuid.uuid4().hex[:8]}", Faults())
    async with open_client() as client:
        link = Link(desk, desk, queue.redis, client, work_dir)
        (run,) = part(link, queue, engine, ["a key"]).tasks
        task = asyncio.create_task(run())
        try:
            yield queue
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await queue.disconnect()
    assert list(work_dir.iterdir()) == []  # neither an attempt's folder nor a child's


@pytest.fixture
def work_dir(tmp_path):
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
def analysing(redis_url, work_dir):
    models = load_settings().settings.models_folder
    pull("base", models, lambda _done, _total: None)
    engine = analysis_app.open_engine(models, work_dir)
    return lambda desk: working(redis_url, desk, analysis_worker.worker_part, engine, work_dir)


@pytest.fixture
def rendering(redis_url, work_dir):
    engine = render_app.open_engine(find_browser(None), work_dir)
    return lambda desk: working(redis_url, desk, render_worker.worker_part, engine, work_dir)


def analysis_of(path, **limits):
    allowed = {"seconds": 3600.0, "pixels": 4096, **limits}
    return AnalysisRequest("a-video", path.stat().st_size, VideoLimits(**allowed))


async def over(desk, queue, seconds=120):
    ticket = Ticket(desk.id, "ada", 600, f"00-{'1' * 32}-{'2' * 16}-01")
    await QueueSubmitter(queue).submit(ticket)
    await asyncio.wait_for(desk.over.wait(), seconds)
    async with asyncio.timeout(10):
        while await queue.count("incomplete"):  # noqa: ASYNC110 - Redis offers no event
            await asyncio.sleep(0.02)


async def test_an_analysis_brings_facts_a_poster_and_a_transcript(store, put, analysing):
    video = MEDIA / "jfk_720p30.mp4"
    desk = Desk(store, await put(video), analysis_of(video))
    desk.away = 2
    seen = []
    async with analysing(desk) as queue:
        ending = asyncio.create_task(over(desk, queue))
        while not ending.done():
            found = await analysis_progress.read_many(queue.redis, [desk.id])
            seen += [(one.stage, one.progress) for one in found.values()]
            await asyncio.sleep(0.02)
        await ending
    probed, analysed = desk.events()
    assert probed == Probed(probe(video), probed.poster)
    poster = await desk.stored("poster.jpg")
    assert poster.startswith(b"\xff\xd8\xff")
    assert hashlib.sha256(poster).hexdigest() == probed.poster.sha256
    assert isinstance(analysed, Analysed)
    document = await desk.stored("transcript.json")
    assert hashlib.sha256(document).hexdigest() == analysed.transcript.sha256
    assert "country" in " ".join(
        word.text for part in read_transcript(document).segments for word in part.words
    )
    backdrop = read_backdrop(await desk.stored("backdrop.bin"))
    assert (backdrop.width, backdrop.height, backdrop.times[0]) == (64, 36, 0)
    shares = [share for _, share in seen]
    assert {stage for stage, _ in seen} & {"decode", "transcribe", "measure"}
    # an engine as quick as this clip is short may end between two looks, so no rise is asked for
    assert 0 < shares[-1] <= 1
    assert shares == sorted(shares)
    assert set(desk.reports) == {f"{desk.id}-1-probed", f"{desk.id}-1-succeeded"}


@pytest.mark.parametrize(
    ("make", "limits", "said"),
    [
        (lambda path: path.write_bytes(b"no video at all"), {}, "no video or sound file"),
        (write_video, {"seconds": 0.5}, "at most 0.5 s is allowed"),
        (write_video, {"pixels": 200}, "320 x 180.*200 pixels"),
        (
            lambda path: path.write_bytes((MEDIA / "silence5.flac").read_bytes()),
            {},
            "no picture",
        ),
    ],
)
async def test_what_cannot_be_used_is_refused_without_this_machines_paths(
    store, put, analysing, tmp_path, work_dir, make, limits, said
):
    video = tmp_path / "given.mp4"
    make(video)
    desk = Desk(store, await put(video), analysis_of(video, **limits))
    async with analysing(desk) as queue:
        await over(desk, queue)
    (refused,) = desk.events()
    assert isinstance(refused, Refused)
    assert refused.trouble.code == "media_refused"
    with pytest.raises(Exception, match=said):
        raise refused.trouble.error()
    assert str(work_dir) not in refused.trouble.message


@pytest.mark.parametrize(
    ("limited", "said", "reports"),
    [
        ({"PROBE_SECONDS": 0.01}, "looking into the video took more", 1),
        ({"analysis_seconds": lambda _duration: 0.01}, "recognising the speech took more", 2),
    ],
)
async def test_a_video_holds_a_worker_for_no_longer_than_its_length_allows(
    store, put, analysing, monkeypatch, limited, said, reports
):
    """The ticket's own limit, 600 s here, is that of the longest video there may be."""
    for name, value in limited.items():
        monkeypatch.setattr(analysis_worker, name, value)
    video = MEDIA / "jfk_720p30.mp4"
    desk = Desk(store, await put(video), analysis_of(video))
    async with analysing(desk) as queue:
        await over(desk, queue)
    *_, failed = desk.events()
    assert isinstance(failed, AnalysisFailed)
    assert said in failed.trouble.message
    assert len(desk.events()) == reports


async def engine_child(work_dir):
    """The engine's process, as soon as there is one."""
    while True:
        for entry in Path("/proc").glob("[0-9]*"):  # noqa: ASYNC240 - no disk
            try:
                engine = b"ecg.analysis.engine" in (entry / "cmdline").read_bytes()
                if engine and (entry / "cwd").readlink().is_relative_to(work_dir):
                    return int(entry.name)
            except OSError:
                continue
        await asyncio.sleep(0.02)


async def test_an_edited_window_waits_for_no_analysis_and_outlives_its_engine(
    store, put, analysing, redis_url, work_dir, tmp_path
):
    video, apart = MEDIA / "jfk_720p30.mp4", tmp_path / "apart"
    apart.mkdir()
    key = await put(video)
    analysis = Desk(store, key, analysis_of(video))
    window = RealignJob(3.0, 4.3, ("ask", "not"), "en", -20.0, 200.0)
    edit = Desk(store, key, RealignRequest("a-video", video.stat().st_size, window))
    engine = analysis_app.open_engine(load_settings().settings.models_folder, apart)
    realigning = working(redis_url, edit, analysis_worker.realign_part, engine, apart)
    async with analysing(analysis) as busy, realigning as queue:
        hearing = asyncio.create_task(over(analysis, busy))
        os.kill(await engine_child(work_dir), signal.SIGSTOP)
        timing = asyncio.create_task(over(edit, queue))
        os.kill(await engine_child(apart), signal.SIGKILL)
        await timing
        assert not hearing.done()
        hearing.cancel()
    (realigned,) = edit.events()
    assert isinstance(realigned, Realigned)
    assert [word.text for word in realigned.words] == ["ask", "not"]
    assert realigned.words[0].start == pytest.approx(3.29, abs=0.06)
    assert (edit.attempt, analysis.reports) == (2, {})


async def test_a_render_brings_its_video(store, put, rendering, tmp_path):
    video = tmp_path / "given.mp4"
    write_video(video)
    job = RenderJob(scenario(cue(1, 0.2, 0.8, ["hello", "there"])), "draft")
    desk = Desk(store, await put(video), RenderRequest("v", video.stat().st_size, job))
    seen = []
    async with rendering(desk) as queue:
        ending = asyncio.create_task(over(desk, queue))
        while not ending.done():
            seen += (await render_progress.read_many(queue.redis, [desk.id])).values()
            await asyncio.sleep(0.1)
        await ending
    (rendered,) = desk.events()
    assert isinstance(rendered, Rendered)
    result = await desk.stored("result.mp4")
    assert (await store.head(desk.key("result.mp4", 1))).content_type == "video/mp4"
    assert (len(result), hashlib.sha256(result).hexdigest()) == (
        rendered.result.size,
        rendered.result.sha256,
    )
    assert rendered.facts.frames == 25
    assert seen
    assert all(one.attempt == 1 for one in seen)


@pytest.mark.full
async def test_captions_alone_come_in_a_container_of_their_own(store, put, rendering, tmp_path):
    video = tmp_path / "given.mp4"
    write_video(video, rate=10)
    key, kept = await put(video), []
    job = RenderJob(scenario(cue(1, 0.2, 0.8, ["hello", "there"])), "draft", "webm-alpha")
    for _ in range(2):
        desk = Desk(store, key, RenderRequest("v", video.stat().st_size, job))
        async with rendering(desk) as queue:
            await over(desk, queue)
        (done,) = desk.events()
        assert isinstance(done, Rendered)
        assert done.result.name == "result.webm"
        assert (await store.head(desk.key("result.webm", 1))).content_type == "video/webm"
        assert (await desk.stored("result.webm")).startswith(b"\x1a\x45\xdf\xa3")
        kept.append(done.facts.kept)
    assert kept == [0, 10]


async def test_a_second_render_goes_on_from_the_segments_of_the_first(
    store, put, rendering, tmp_path
):
    video = tmp_path / "given.mp4"
    write_video(video, size=(160, 90), pts=list(range(25 * 41)), audio=None)
    key = await put(video)
    words = [cue(1, 0.2, 0.8, ["hello", "there"]), cue(2, 30.0, 31.0, ["later"])]
    changed = [words[0], cue(2, 30.0, 31.0, ["sooner"])]
    kept = []
    for cues in (words, changed, changed):
        job = RenderJob(scenario(*cues), "draft")
        desk = Desk(store, key, RenderRequest("v", video.stat().st_size, job))
        async with rendering(desk) as queue:
            await over(desk, queue)
        (done,) = desk.events()
        assert isinstance(done, Rendered)
        assert done.facts.frames == 1025
        kept.append(done.facts.kept)
    assert kept == [0, 525, 1025]


async def test_an_engine_that_crashes_three_times_fails_the_job(
    store, put, rendering, tmp_path, work_dir
):
    video = tmp_path / "given.mp4"
    write_video(video)
    job = RenderJob(scenario(cue(1, 0.2, 0.8, ["hello", "there"])), "draft")
    desk = Desk(store, await put(video), RenderRequest("v", video.stat().st_size, job))

    async def killing():
        while True:
            for entry in Path("/proc").glob("[0-9]*"):  # noqa: ASYNC240 - no disk
                try:
                    engine = b"ecg.render.engine" in (entry / "cmdline").read_bytes()
                    if engine and (entry / "cwd").readlink().is_relative_to(work_dir):
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    continue
            await asyncio.sleep(0.05)

    async with rendering(desk) as queue:
        killer = asyncio.create_task(killing())
        try:
            await over(desk, queue)
        finally:
            killer.cancel()
    (failed,) = desk.events()
    assert isinstance(failed, RenderFailed)
    assert failed.trouble.code == "engine_failed"
    assert "3 attempts" in failed.trouble.message
    assert desk.attempt == 4


async def test_a_job_that_is_over_is_not_begun(store, put, analysing):
    video = MEDIA / "jfk_720p30.mp4"
    desk = Desk(store, await put(video), analysis_of(video))
    desk.over.set()
    async with analysing(desk) as queue:
        await over(desk, queue)
    assert (desk.attempt, desk.reports) == (0, {})


async def test_a_failed_analysis_says_why(store, put, analysing, tmp_path):
    video = tmp_path / "silent.mp4"
    write_video(video, audio=None)
    desk = Desk(store, await put(video), analysis_of(video))
    async with analysing(desk) as queue:
        await over(desk, queue)
    probed, failed = desk.events()
    assert isinstance(probed, Probed)
    assert isinstance(failed, AnalysisFailed)
    assert failed.trouble.code == "media_refused"
    assert "no sound track" in failed.trouble.message


def test_messages_name_no_path_of_this_machine():
    error = Unavailable("/var/tmp/x/source: broke; see /etc/a b/c.log, at http://store/a/b, 1/2 s")
    trouble = told(error, Path("/var/tmp/x/source"))
    assert trouble.message == "the video: broke; see … b/c.log, at http://store/a/b, 1/2 s"


async def test_a_segment_whose_sending_was_broken_off_is_sent_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(render_worker, "SEND_EVERY", 0.0)
    begun, never = asyncio.Event(), asyncio.Event()
    sent = []

    class Tried:
        async def store(self, name):
            if not begun.is_set():
                begun.set()
                await never.wait()
            sent.append(name)

    async with render_worker._sending(Tried(), tmp_path):
        (tmp_path / "one.mp4").write_bytes(b"1")
        await begun.wait()
    assert sent == ["segments/one.mp4"]
