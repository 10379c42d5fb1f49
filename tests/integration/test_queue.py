"""The queue of a worker role, on a real Valkey and with real engine children."""

import asyncio
import os
import random
import signal
import sys
import time
import uuid
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from ecg.kernel import queue as queues
from ecg.kernel.attempts import Ticket
from ecg.kernel.errors import Unavailable
from ecg.kernel.queue import JobQueue, QueueSubmitter, TryAgain, TryElsewhere, serve_queue
from ecg.kernel.redis import connect
from ecg.kernel.telemetry import Faults
from ecg.media.child import Child
from ecg.media.pipe import Limits
from tests.integration.own_valkey import free_port, valkey

pytestmark = pytest.mark.timed

ENGINE = Path(__file__).parent.parent / "unit" / "media"
WORKER = Path(__file__).with_name("queue_worker.py")


class Said(msgspec.Struct):
    text: str


def ticket(seconds=600):
    return Ticket(str(uuid.uuid4()), "ada", seconds, f"00-{'1' * 32}-{'2' * 16}-01")


async def until(what, seconds=10):
    async with asyncio.timeout(seconds):
        while not await what():  # noqa: ASYNC110 - Redis offers no event
            await asyncio.sleep(0.02)


@pytest.fixture
async def queue(redis_url):
    made = JobQueue(connect(redis_url), f"test-{uuid.uuid4().hex[:8]}", Faults())
    yield made
    await made.disconnect()


@pytest.fixture
async def child(tmp_path):
    made = Child(
        "echo_engine", limits=Limits(), environment={"PYTHONPATH": str(ENGINE)}, work_dir=tmp_path
    )
    yield made
    await made.close()


@asynccontextmanager
async def working(queue, work):
    task = asyncio.create_task(serve_queue(queue, work))
    try:
        yield task
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def gone(queue, job_id):
    """No trace that would let anybody run it."""
    job = queue.job_id(job_id)
    waiting = await queue.redis.lrange(queue.namespace("queued"), 0, -1)
    active = await queue.redis.lrange(queue.namespace("active"), 0, -1)
    return job.encode() not in waiting + active and await queue.count("incomplete") == 0


async def test_a_job_in_an_engine_child_is_cancelled_within_two_seconds_whenever(queue, child):
    done = []

    async def work(given, life):
        with life.of_engine() as alive:
            try:
                await child.call("wait", Said(""), Said, on_alive=alive)
            finally:
                done.append((given.id, time.monotonic()))

    submitter = QueueSubmitter(queue)
    slowest = 0.0
    chance = random.Random(4)
    async with working(queue, work):
        for number in range(18):
            job = ticket()
            await submitter.submit(job)
            await asyncio.sleep(0 if number % 3 == 0 else chance.uniform(0, 1.2))
            begun = time.monotonic()
            await submitter.cancel(job.id)
            await until(lambda job=job: gone(queue, job.id), 5)
            if done and done[-1][0] == job.id:
                slowest = max(slowest, done[-1][1] - begun)
            assert child._process is None
    print(f"slowest of {len(done)} cancels of running jobs: {slowest:.2f} s")
    assert len(done) > 6
    assert slowest < 2


async def test_a_stubborn_child_is_killed_within_two_seconds(queue, child):
    started = asyncio.Event()
    ended = []

    async def work(_given, life):
        with life.of_engine() as alive:
            try:
                await child.call("hang", Said(""), Said, Said, lambda _: started.set(), alive)
            finally:
                ended.append(time.monotonic())

    submitter = QueueSubmitter(queue)
    job = ticket()
    async with working(queue, work):
        await submitter.submit(job)
        await asyncio.wait_for(started.wait(), 20)
        begun = time.monotonic()
        await submitter.cancel(job.id)
        await until(lambda: gone(queue, job.id), 5)
    print(f"stubborn: {ended[0] - begun:.2f} s")
    assert ended[0] - begun < 2


async def test_a_waiting_job_is_taken_out_and_never_run(queue):
    ran = []
    submitter = QueueSubmitter(queue)
    job, other = ticket(), ticket()
    await submitter.submit(job)
    await submitter.submit(other)
    await submitter.cancel(job.id)

    async def work(given, _life):
        ran.append(given.id)

    async with working(queue, work):
        await until(lambda: gone(queue, other.id))
    assert ran == [other.id]


async def test_an_unfinished_job_is_queued_once_and_a_finished_one_may_come_again(queue):
    ran = []
    go = asyncio.Event()

    async def work(given, _life):
        ran.append(given.id)
        await go.wait()

    submitter = QueueSubmitter(queue)
    job = ticket()
    for _ in range(3):
        await submitter.submit(job)
    async with working(queue, work):
        while not ran:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await submitter.submit(job)
        go.set()
        await until(lambda: gone(queue, job.id))
        await asyncio.sleep(1)
        assert ran == [job.id]
        await submitter.submit(job)  # the worker asks the desk whether it is over
        async with asyncio.timeout(5):
            while len(ran) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_a_stopping_worker_hands_its_job_back_at_once_and_leaves_no_child(
    queue, child, redis_url
):
    started = asyncio.Event()
    taken = asyncio.Event()

    async def first(_given, life):
        with life.of_engine() as alive:
            await child.call("hang", Said(""), Said, Said, lambda _: started.set(), alive)

    async def second(_given, _life):
        taken.set()

    job = ticket()
    await QueueSubmitter(queue).submit(job)
    other = JobQueue(connect(redis_url), queue.name, Faults())
    try:
        task = asyncio.create_task(serve_queue(queue, first))
        await asyncio.wait_for(started.wait(), 20)
        async with working(other, second):
            begun = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            stopped = time.monotonic() - begun
            assert child._process is None
            await asyncio.wait_for(taken.wait(), 3)
            handed = time.monotonic() - begun
            await until(lambda: gone(queue, job.id))
    finally:
        await other.disconnect()
    print(f"stopped in {stopped:.2f} s, handed over in {handed:.2f} s")
    assert stopped < 5


async def test_a_sweep_takes_what_a_dead_worker_left_and_nothing_else(queue, monkeypatch):
    submitter = QueueSubmitter(queue)
    taken, ended = ticket(), ticket()
    await submitter.submit(taken)
    job = await queue.dequeue(1)
    name = queue.job_id(taken.id).encode()
    assert await queue.sweep() == []  # taken a moment ago and not marked yet
    monkeypatch.setattr(queues, "HEARTBEAT", 0.2)
    await asyncio.sleep(0.3)
    assert await queue.sweep() == [name.decode()]
    assert await queue.sweep() == []
    assert (await queue.dequeue(1)).key == job.key

    await submitter.submit(ended)
    job = await queue.dequeue(1)
    name = queue.job_id(ended.id).encode()
    looked_at = await queue.redis.get(name)
    await job.finish(queues.Status.COMPLETE)
    assert not await queue._take(name, looked_at)
    assert await queue.dequeue(1) is None


async def test_crashes_are_counted_over_attempts(queue):
    crashes = []

    async def work(_given, life):
        crashes.append(life.crashes)
        if life.crashes < 3:
            raise TryAgain("crashed") if life.crashes else ZeroDivisionError("a defect")

    job = ticket()
    await QueueSubmitter(queue).submit(job)
    async with working(queue, work):
        await until(lambda: gone(queue, job.id))
    assert crashes == [0, 1, 2, 3]


async def test_a_job_that_goes_elsewhere_has_not_crashed(queue, monkeypatch):
    monkeypatch.setattr(queues, "_ELSEWHERE_DELAY", 0.1)
    tries = []

    async def work(_given, life):
        tries.append(life.crashes)
        if len(tries) < 5:
            raise TryElsewhere("no room")

    job = ticket()
    await QueueSubmitter(queue).submit(job)
    async with working(queue, work):
        await until(lambda: gone(queue, job.id))
    assert tries == [0] * 5


async def test_a_child_that_hangs_without_a_sign_of_life_is_replaced(queue, child, monkeypatch):
    monkeypatch.setattr(queues, "SILENCE", 3.0)
    seen = []

    async def work(_given, life):
        seen.append(life.crashes)
        if life.crashes:
            return
        with life.of_engine() as alive:
            await child.call("wait", Said(""), Said, Said, stop, alive)

    def stop(_said):
        os.kill(child._process.pid, signal.SIGSTOP)

    job = ticket()
    await QueueSubmitter(queue).submit(job)
    async with working(queue, work):
        await until(lambda: gone(queue, job.id), 20)
    assert seen == [0, 1]


@pytest.mark.full
async def test_a_job_lives_long_past_its_heartbeat_while_the_engine_shows_life(
    queue, child, redis_url
):
    """Another worker on the same queue would sweep it."""
    ran = []

    async def first(_given, life):
        ran.append("first")
        with life.of_engine() as alive, pytest.raises(TimeoutError):
            async with asyncio.timeout(20):
                await child.call("wait", Said(""), Said, on_alive=alive)

    async def second(_given, _life):
        ran.append("second")

    job = ticket()
    await QueueSubmitter(queue).submit(job)
    other = JobQueue(connect(redis_url), queue.name, Faults())
    try:
        async with working(queue, first):
            while not ran:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            async with working(other, second):
                await until(lambda: gone(queue, job.id), 30)
    finally:
        await other.disconnect()
    assert ran == ["first"]


@pytest.mark.full  # as are the same of real roles, in e2e
async def test_a_killed_workers_job_is_taken_within_twenty_seconds(queue, redis_url, tmp_path):
    killed = await asyncio.create_subprocess_exec(
        sys.executable, WORKER, redis_url, queue.name, tmp_path / "running", cwd=Path.cwd()
    )
    taken = asyncio.Event()

    async def work(_given, _life):
        taken.set()

    job = ticket()
    await QueueSubmitter(queue).submit(job)
    async with asyncio.timeout(30):
        while not (tmp_path / "running").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    async with working(queue, work):
        await asyncio.sleep(4)
        killed.kill()
        await killed.wait()
        begun = time.monotonic()
        await asyncio.wait_for(taken.wait(), 20)
        print(f"taken again after {time.monotonic() - begun:.1f} s")
        await until(lambda: gone(queue, job.id))


@pytest.mark.full
async def test_an_absent_valkey_costs_little_and_its_jobs_go_on_when_it_is_back(tmp_path):
    port = free_port()
    ran = []
    hold = asyncio.Event()

    async def work(given, _life):
        ran.append(given.id)
        await hold.wait()

    queue = JobQueue(connect(f"redis://127.0.0.1:{port}"), "test", Faults())
    submitter = QueueSubmitter(queue)
    jobs = [ticket(), ticket()]
    try:
        async with valkey(tmp_path, port) as first, working(queue, work):
            for job in jobs:
                await submitter.submit(job)
            while not ran:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            first.kill()
            await first.wait()
            used = time.process_time()
            await asyncio.sleep(6)
            assert time.process_time() - used < 3  # a loop without pauses uses all of it
            with pytest.raises(Unavailable):
                await submitter.submit(ticket())
            assert ran == [jobs[0].id]
            async with valkey(tmp_path, port):
                hold.set()
                async with asyncio.timeout(40):
                    while jobs[1].id not in ran:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                await until(lambda: gone(queue, jobs[1].id), 40)
    finally:
        await queue.disconnect()
