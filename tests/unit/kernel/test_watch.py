from __future__ import annotations

import asyncio

import pytest

from ecg.kernel import watch
from ecg.kernel.errors import RateLimited
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
