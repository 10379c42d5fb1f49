from __future__ import annotations

import asyncio

import pytest

from ecg.kernel import watch
from ecg.kernel.errors import NotFound, RateLimited
from ecg.kernel.watch import Shown, Watch


async def test_an_account_has_so_many_event_streams_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "MOST_READERS", 2)
    watching, first = Watch("render"), Shown(b"{}", over=False)

    async def read(owner: str, job: str) -> None:
        async for _ in watching._events(owner, job, first):
            pass

    readers = [asyncio.create_task(read("ada", job)) for job in ("1", "2")]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited, match="2 event streams"):
        watching.stream("ada", "3", first)
    watching.stream("bob", "3", first)
    readers[0].cancel()
    await asyncio.wait(readers[:1])
    watching.stream("ada", "3", first)
    readers[1].cancel()
    await asyncio.wait(readers[1:])
    assert not watching._open


async def test_a_sign_of_life_is_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "KEEP_ALIVE", 0.01)
    events = Watch("render")._events("ada", "1", Shown(b"{}", over=False))
    first, quiet = await anext(events), await anext(events)
    await events.aclose()
    assert b"data: {}" in first.encode()
    assert b"data" not in quiet.encode()


class Reads:
    """A read that takes its time, and counts."""

    def __init__(self) -> None:
        self.count = 0
        self.go_on = asyncio.Event()
        self.fault: Exception | None = None

    async def __call__(self) -> Shown:
        self.count += 1
        number = self.count
        await self.go_on.wait()
        if self.fault is not None:
            raise self.fault
        return Shown(b"%d" % number, over=False)


async def asked(watching: Watch, read: Reads, times: int) -> list[asyncio.Task[Shown]]:
    asking = [asyncio.create_task(watching.shown("ada", "1", read)) for _ in range(times)]
    await asyncio.sleep(0)
    return asking


async def test_who_asks_while_a_job_is_read_waits_for_the_same_read() -> None:
    watching, read = Watch("render"), Reads()
    asking = await asked(watching, read, 16)
    asking[0].cancel()  # whoever leaves takes the answer from nobody else
    read.go_on.set()
    assert {shown.data for shown in await asyncio.gather(*asking[1:])} == {b"1"}
    assert (await watching.shown("ada", "1", read)).data == b"1"
    assert read.count == 1
    assert (await watching.shown("bob", "1", read)).data == b"2"


async def test_a_read_that_began_before_a_change_is_not_kept() -> None:
    watching, read = Watch("render"), Reads()
    (before,) = await asked(watching, read, 1)
    watching.forget("ada", "1")
    (after,) = await asked(watching, read, 1)
    read.go_on.set()
    assert [(await before).data, (await after).data] == [b"1", b"2"]
    assert (await watching.shown("ada", "1", read)).data == b"2"


async def test_a_read_that_failed_is_told_to_all_who_waited_and_is_not_kept() -> None:
    watching, read = Watch("render"), Reads()
    read.fault = NotFound("no render 1")
    asking = await asked(watching, read, 2)
    read.go_on.set()
    for each in asking:
        with pytest.raises(NotFound, match="no render 1"):
            await each
    read.fault = None
    assert (await watching.shown("ada", "1", read)).data == b"2"
