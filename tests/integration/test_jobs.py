"""The state machine of jobs and their dispatcher, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text, update

from ecg.kernel import jobs
from ecg.kernel.attempts import Ticket, Trouble
from ecg.kernel.database import Database, utc_now
from ecg.kernel.dispatcher import Kind, _claimed, dispatch
from ecg.kernel.errors import Conflict, NotFound, Unavailable
from ecg.kernel.identity import new_id
from ecg.kernel.telemetry import Faults
from ecg.render.models import Render

pytestmark = pytest.mark.timed

CRASH = Trouble("engine_failed", "crashed")


class Asked(msgspec.Struct):
    what: str = "this"


class Submitter:
    """Notes what is submitted; answers as ``Unavailable`` while ``away``."""

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []
        self.times: list[float] = []
        self.away = False

    async def submit(self, ticket: Ticket) -> None:
        if self.away:
            raise Unavailable("away")
        self.tickets.append(ticket)
        self.times.append(time.monotonic())
        await asyncio.sleep(0.02)

    async def cancel(self, job_id: str) -> None:
        raise AssertionError(f"nobody cancelled {job_id}")

    @property
    def ids(self) -> list[str]:
        return [ticket.id for ticket in self.tickets]


async def nothing(_ids: Sequence[str]) -> dict[str, float]:
    return {}


async def add_user(database: Database) -> str:
    user_id = new_id()
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO users (id, email, name, role, created_at)"
                " VALUES (:i, :e, '', 'user', now())"
            ),
            {"i": user_id, "e": f"{user_id}@example.com"},
        )
    return user_id


async def add_job(database: Database, owner: str) -> str:
    values = jobs.job_values(owner, new_id(), Asked(), 60)
    async with database.transaction() as session:
        session.add(Render(output={}, **values))
        await jobs.announce(session, Render)
    return values["id"]


async def begin(database: Database, job_id: str) -> int:
    async with database.transaction() as session:
        return (await jobs.begin(session, Render, job_id)).number


async def finish(database: Database, job_id: str, attempt: int, state, trouble=None) -> bool:
    async with database.transaction() as session:
        row = await jobs.finish(session, Render, job_id, attempt, state=state, trouble=trouble)
        return row is not None


async def read(database: Database, job_id: str) -> Render:
    async with database.transaction() as session:
        return await session.get_one(Render, job_id)


async def test_attempts_are_numbered_one_by_one_however_many_ask(database: Database) -> None:
    job = await add_job(database, await add_user(database))
    assert sorted(await asyncio.gather(*(begin(database, job) for _ in range(8)))) == [*range(1, 9)]
    row = await read(database, job)
    assert (row.state, row.attempt) == ("running", 8)
    assert row.started_at is not None


async def test_what_cannot_begin(database: Database) -> None:
    job = await add_job(database, await add_user(database))
    await begin(database, job)
    assert await finish(database, job, 1, "succeeded")
    with pytest.raises(Conflict):
        await begin(database, job)
    with pytest.raises(NotFound):
        await begin(database, new_id())
    assert (await read(database, job)).attempt == 1


async def test_of_two_terminal_reports_at_once_one_has_effect(database: Database) -> None:
    owner = await add_user(database)
    for _ in range(10):
        job = await add_job(database, owner)
        await begin(database, job)
        won = await asyncio.gather(
            finish(database, job, 1, "succeeded"), finish(database, job, 1, "failed", CRASH)
        )
        assert sorted(won) == [False, True]
        row = await read(database, job)
        assert row.state == ("succeeded" if won[0] else "failed")
        assert (row.error is None) is won[0]


async def test_a_late_report_of_a_lower_attempt_is_ignored(database: Database) -> None:
    job = await add_job(database, await add_user(database))
    await begin(database, job)
    await begin(database, job)
    assert not await finish(database, job, 1, "failed", CRASH)
    assert (await read(database, job)).state == "running"
    assert await finish(database, job, 2, "succeeded")


async def test_a_report_after_a_cancel_is_ignored(database: Database) -> None:
    owner = await add_user(database)
    job = await add_job(database, owner)
    await begin(database, job)
    async with database.transaction() as session:
        assert await jobs.cancel(session, Render, owner, job)
    assert not await finish(database, job, 1, "succeeded")
    assert (await read(database, job)).state == "cancelled"
    async with database.transaction() as session:
        assert not await jobs.cancel(session, Render, owner, job)
        with pytest.raises(NotFound):
            await jobs.cancel(session, Render, await add_user(database), job)
        with pytest.raises(Conflict):
            await jobs.check_attempt(session, Render, job, 1)


async def test_a_report_is_received_once_however_many_bring_it(database: Database) -> None:
    report = new_id()

    async def receive() -> bool:
        async with database.transaction() as session:
            first = await jobs.first_time(session, report)
            await asyncio.sleep(0.01)
            return first

    assert Counter(await asyncio.gather(*(receive() for _ in range(5)))) == {True: 1, False: 4}


async def test_a_receipt_is_kept_only_with_its_effect(database: Database) -> None:
    report = new_id()

    async def broken() -> None:
        async with database.transaction() as session:
            assert await jobs.first_time(session, report)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    async with database.transaction() as session:
        assert await jobs.first_time(session, report)


async def test_receipts_are_forgotten_after_a_day(database: Database) -> None:
    old, new = new_id(), new_id()
    async with database.transaction() as session:
        await jobs.first_time(session, old)
        await session.execute(
            update(jobs.Receipt).values(received_at=utc_now() - timedelta(hours=25))
        )
        await jobs.first_time(session, new)
        await jobs.forget_receipts(session)
        assert not await jobs.first_time(session, new)
        assert await jobs.first_time(session, old)


async def test_a_failed_job_is_run_again_on_demand(database: Database) -> None:
    job = await add_job(database, await add_user(database))
    await begin(database, job)
    async with database.transaction() as session:
        with pytest.raises(Conflict):
            await jobs.retry(session, Render, job)
        assert not await jobs.retry(session, Render, new_id())
    await finish(database, job, 1, "failed", CRASH)
    async with database.transaction() as session:
        assert await jobs.retry(session, Render, job)
    row = await read(database, job)
    assert (row.state, row.error, row.attempt, row.attempts_from) == ("pending", None, 1, 1)


@asynccontextmanager
async def dispatching(
    database: Database, submitter: Submitter, *, signs=nothing, give_up=None, silence=20.0, wake=5.0
) -> AsyncGenerator[asyncio.Task[None]]:
    kind = Kind(Render, submitter, signs, give_up or nothing)
    task = asyncio.create_task(dispatch(database, [kind], Faults(), silence=silence, wake=wake))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        assert time.monotonic() < deadline, "did not come about"
        await asyncio.sleep(0.02)


async def in_state(database: Database, job: str, state: str) -> bool:
    return (await read(database, job)).state == state


async def listening(database: Database) -> bool:
    async with database.transaction() as session:
        found = await session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ecg dispatcher'"
                " AND query LIKE 'LISTEN%' AND datname = current_database()"
            )
        )
    return bool(found)


async def test_a_notice_wakes_the_dispatcher(database: Database) -> None:
    owner, submitter = await add_user(database), Submitter()
    async with dispatching(database, submitter, wake=600):
        await until(lambda: listening(database))
        await asyncio.sleep(0.3)
        job = await add_job(database, owner)
        await until(lambda: submitter.ids == [job], 5)
        await until(lambda: in_state(database, job, "queued"))
    assert submitter.tickets[0].timeout == 60
    assert submitter.tickets[0].traceparent.startswith("00-")


async def test_without_a_notice_a_job_is_found_all_the_same(database: Database) -> None:
    owner, submitter = await add_user(database), Submitter()
    async with dispatching(database, submitter, wake=0.2):
        values = jobs.job_values(owner, new_id(), Asked(), 60)
        async with database.transaction() as session:
            session.add(Render(output={}, **values))
        await until(lambda: submitter.ids == [values["id"]])


async def test_while_the_role_is_away_a_job_stays_pending(database: Database) -> None:
    submitter = Submitter()
    submitter.away = True
    job = await add_job(database, await add_user(database))
    async with dispatching(database, submitter, wake=0.2):
        await asyncio.sleep(0.5)
        assert (await read(database, job)).state == "pending"
        submitter.away = False
        await until(lambda: in_state(database, job, "queued"))
    assert submitter.ids == [job]


async def test_a_silent_job_is_handed_out_again_and_a_lively_one_is_not(
    database: Database,
) -> None:
    owner, submitter = await add_user(database), Submitter()
    silent, lively, over = [await add_job(database, owner) for _ in range(3)]
    for job in (silent, lively, over):
        await begin(database, job)
    await finish(database, over, 1, "succeeded")

    async def signs(ids: Sequence[str]) -> dict[str, float]:
        return {job: time.time() for job in ids if job == lively}

    async with dispatching(database, submitter, signs=signs, silence=0.5, wake=0.1):
        await until(lambda: len(submitter.ids) >= 2)
    assert set(submitter.ids) == {silent}
    assert submitter.times[1] - submitter.times[0] >= 0.5
    assert (await read(database, silent)).state == "running"


async def test_two_dispatchers_never_hand_out_the_same_job_at_once(database: Database) -> None:
    owner, submitter = await add_user(database), Submitter()
    wanted = [await add_job(database, owner) for _ in range(60)]
    async with dispatching(database, submitter), dispatching(database, submitter):
        await until(lambda: len(submitter.ids) >= 60)
        await asyncio.sleep(0.5)
    assert Counter(submitter.ids) == Counter(wanted)


async def test_claims_at_once_do_not_overlap(database: Database) -> None:
    owner = await add_user(database)
    wanted = [await add_job(database, owner) for _ in range(100)]
    claims = await asyncio.gather(*(_claimed(database, Render, 20, 5) for _ in range(5)))
    found = [job.id for claim in claims for job in claim]
    assert len(found) == len(set(found))
    assert set(found) <= set(wanted)
    assert all(len(claim) <= 50 for claim in claims)


async def test_a_job_that_nobody_can_end_is_given_up_unless_it_lives(database: Database) -> None:
    owner = await add_user(database)
    job, lively = await add_job(database, owner), await add_job(database, owner)
    async with database.transaction() as session:
        last = {"attempt": jobs.MOST_ATTEMPTS, "state": "running"}
        await session.execute(update(Render).values(**last))
    given_up: list[tuple[str, int]] = []

    async def give_up(job_id: str, attempt: int, trouble: Trouble) -> None:
        given_up.append((job_id, attempt))
        await finish(database, job_id, attempt, "failed", trouble)

    away = True

    async def signs(ids: Sequence[str]) -> dict[str, float]:
        if away:
            raise Unavailable("away")
        return {job: time.time() for job in ids if job == lively}

    submitter = Submitter()
    options = {"signs": signs, "give_up": give_up, "wake": 0.1}
    async with dispatching(database, submitter, **options):
        await until(lambda: set(submitter.ids) == {job, lively})
    assert given_up == []
    away = False
    submitter.tickets.clear()
    async with database.transaction() as session:
        await session.execute(update(Render).values(seen_at=None))
    async with dispatching(database, submitter, **options):
        await until(lambda: given_up)
        await until(lambda: claimed(database, lively))
        assert submitter.ids == []
        async with database.transaction() as session:
            assert await jobs.retry(session, Render, job)
        await until(lambda: in_state(database, job, "queued"))
    assert given_up == [(job, jobs.MOST_ATTEMPTS)]
    assert submitter.ids == [job]


async def claimed(database: Database, job: str) -> bool:
    return (await read(database, job)).seen_at is not None


async def end_connections(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


async def test_a_round_without_a_connection_is_no_end(database: Database) -> None:
    small = Database(database.url.render_as_string(hide_password=False), 1)
    small.engine.pool._timeout = 0.1
    submitter = Submitter()
    try:
        async with dispatching(small, submitter, wake=0.1) as task:
            async with small.transaction() as one, small.transaction() as two:
                for session in (one, two):
                    await session.execute(text("SELECT 1"))
                job = await add_job(database, await add_user(database))
                await asyncio.sleep(0.5)
                assert submitter.ids == []
            await until(lambda: submitter.ids == [job] or task.done())
            assert not task.done()
    finally:
        await small.close()


async def test_lost_connections_are_survived(database: Database) -> None:
    """As a restart of PostgreSQL ends them: the listener's and the pool's."""
    owner, submitter = await add_user(database), Submitter()
    async with dispatching(database, submitter, wake=600):
        await until(lambda: listening(database))
        await asyncio.sleep(0.3)
        with pytest.raises(Unavailable):
            await end_connections(database)
        await until(lambda: listening(database))
        await asyncio.sleep(0.3)
        job = await add_job(database, owner)
        await until(lambda: submitter.ids == [job], 5)
