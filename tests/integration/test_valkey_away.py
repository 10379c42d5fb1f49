"""Valkey dies at the worst moment: the result is reported, and the queue does not know it yet.
The real desk, dispatcher, worker and engine; only the moment is a test's."""

import asyncio
import time
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import pytest
from sqlalchemy import func, select

from ecg.kernel.database import utc_now
from ecg.kernel.dispatcher import SILENCE, Kind, dispatch
from ecg.kernel.identity import new_id
from ecg.kernel.jobs import Receipt
from ecg.kernel.queue import JobQueue, QueueSubmitter
from ecg.kernel.redis import connect
from ecg.kernel.telemetry import Faults
from ecg.kernel.transfer import open_client
from ecg.kernel.wire import DeskObjects, DeskReports
from ecg.kernel.work import Link
from ecg.media.probe import probe
from ecg.render import app, desk, progress, worker
from ecg.render.browsers import find_browser
from ecg.render.models import Render
from ecg.service.desks import signs_of
from ecg.uploads.models import Video
from ecg.usage.models import Entry
from tests.integration.desks import world
from tests.integration.own_valkey import free_port, valkey
from tests.integration.render.videos import write_video

pytestmark = pytest.mark.timed

AWAY = {"before it is back": (8.0, 5.0), "after it is back": (25.0, SILENCE)}
"""When the report arrives: seconds that Valkey stays away, longer than the silence after which
the dispatcher hands a job out again."""

SWEEP = 3
"""Seconds between two looks for jobs that dead workers left."""

WORD = {"text": "Hello", "start": 0.2, "end": 0.8, "loudness": 0, "pitch": None}
SCENARIO = {
    "version": 1, "style": {"name": "intention"}, "speakers": {},
    "cues": [{"id": "c", "kind": "speech", "start": 0.2, "end": 0.8, "speaker": None,
              "region": None, "words": [WORD]}],
}  # fmt: skip


class Reports:
    """Delivers to the desk; the first time ``meanwhile`` has happened before it arrives."""

    def __init__(self, inner, meanwhile):
        self._inner = inner
        self._meanwhile = meanwhile
        self.delivered = []

    async def deliver(self, report_id, report):
        if not self.delivered:
            await self._meanwhile()
        self.delivered.append(report_id)
        await self._inner.deliver(report_id, report)


@asynccontextmanager
async def at_work(here, queue, reports, work_dir, silence):
    """The render role on ``queue``, and the dispatcher that feeds it."""
    objects = DeskObjects([(partial(desk.begin, here.render), partial(desk.sign, here.render))])
    engine = app.open_engine(find_browser(None), work_dir)
    faults = Faults()
    kind = Kind(
        Render, QueueSubmitter(queue), signs_of(progress, queue.redis),
        partial(desk.give_up, here.render),
    )  # fmt: skip
    async with open_client() as client:
        link = Link(objects, reports, queue.redis, client, work_dir)
        (run,) = worker.worker_part(link, queue, engine, ["a key"]).tasks
        tasks = [asyncio.create_task(run())]
        tasks.append(asyncio.create_task(dispatch(here.database, [kind], faults, silence=silence)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def uploaded(here, owner, path):
    """A video that is in the store."""
    write_video(path, audio=None)
    media = probe(path)
    video = Video(
        id=new_id(), owner_id=owner, state="ready", filename="a.mp4", size=media.size,
        content_type="video/mp4", key=f"uploads/{new_id()}/source", created_at=utc_now(),
        media=msgspec.to_builtins(media),
    )  # fmt: skip
    async with here.database.transaction() as session:
        session.add(video)
    await here.put(await here.store.presign_put(video.key, public=False), path.read_bytes())
    return video.id


@pytest.mark.full
@pytest.mark.parametrize("arrives", ["before it is back", "after it is back"])
async def test_valkey_dies_in_the_midst_of_a_delivery(database, services, tmp_path, arrives):
    seconds, silence = AWAY[arrives]
    port, folder, work_dir = free_port(), tmp_path / "valkey", tmp_path / "work"
    folder.mkdir()
    work_dir.mkdir()
    queue = JobQueue(connect(f"redis://127.0.0.1:{port}"), "test", Faults())
    back = asyncio.Event()
    try:
        async with world(database, services) as here, valkey(folder, port) as first:

            async def die():
                first.kill()
                await first.wait()
                if arrives == "after it is back":
                    await back.wait()

            reports = Reports(DeskReports(partial(desk.receive, here.render)), die)
            async with at_work(here, queue, reports, work_dir, silence):
                owner = await here.add_user()
                video = await uploaded(here, owner, tmp_path / "a.mp4")
                answer = await here.ask(
                    owner, "POST", "/renders", {"video_id": video, "scenario": SCENARIO}
                )
                assert answer.status_code == 202, answer.text
                job = answer.json()["id"]
                await asyncio.wait_for(first.wait(), 60)
                await asyncio.sleep(seconds)
                state = (await here.get(owner, f"/renders/{job}"))["state"]
                assert state == ("running" if arrives == "after it is back" else "succeeded")
                async with valkey(folder, port):
                    back.set()
                    await done(here, owner, job, queue)
                    await check_one(here, owner, job)
    finally:
        await queue.disconnect()


async def done(here, owner, job, queue):
    """The render has succeeded, and the queue has nothing left to do."""
    since = time.monotonic()
    async with asyncio.timeout(30):
        while (await here.get(owner, f"/renders/{job}"))["state"] != "succeeded":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.sleep(SWEEP + 1)
        while await queue.count("incomplete"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    print(f"all is done {time.monotonic() - since:.1f} s after Valkey is back")


async def check_one(here, owner, job):
    """One result, one usage entry, one notice, however often it ran."""
    assert [event for _, event, _ in here.told] == ["render.succeeded"]
    async with here.database.transaction() as session:
        entries = await session.execute(select(Entry.state).where(Entry.owner_id == owner))
        assert entries.scalars().all() == ["charged"]
        assert await session.scalar(select(func.count()).select_from(Receipt)) == 1
        (row,) = await session.execute(select(Render.id, Render.state, Render.attempt))
        assert tuple(row[:2]) == (job, "succeeded")
        print(f"{row.attempt} attempts")
