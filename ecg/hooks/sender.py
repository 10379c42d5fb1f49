"""Sends what is due: one task in each api process, each taking what no other has."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import httpx

from ecg.hooks import service
from ecg.hooks.address import parsed, resolved
from ecg.hooks.service import DELAYS, Due, Outcome
from ecg.kernel import webhooks
from ecg.kernel.database import Database, utc_now
from ecg.kernel.errors import RequestInvalid, Unavailable

EACH = 1.0
"""Seconds between two looks for what is due."""
PURGE_EACH = 3600.0
AT_ONCE = 20
"""Deliveries under way in a process, and of one account: a receiver that takes its time keeps
nobody else waiting."""
AT_ONCE_EACH = 3
WHOLE = 20.0
"""Seconds that one try may take; well below the lease."""
ANSWER_LIMIT = 64 << 10
"""Bytes of an answer that are read; what it says does not matter."""


async def send_for_ever(
    database: Database, *, allow_private: bool, delays: Sequence[float] = DELAYS
) -> None:
    loop = asyncio.get_running_loop()
    purged = 0.0
    sending: dict[asyncio.Task[None], str] = {}
    try:
        while True:
            if loop.time() - purged > PURGE_EACH or not purged:
                purged = loop.time()
                async with database.transaction() as session:
                    await service.purge(session, utc_now())
            for due in await take(database, list(sending.values())):
                deliver = send(database, due, allow_private=allow_private, delays=delays)
                sending[asyncio.create_task(deliver)] = due.owner_id
            if sending:
                await asyncio.wait(sending, timeout=EACH, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(EACH)
            sending = {task: owner for task, owner in sending.items() if not task.done()}
    finally:
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)


async def take(database: Database, busy: Sequence[str]) -> list[Due]:
    """What is due and may be sent beside the deliveries under way, whose owners are ``busy``."""
    full = [owner for owner, count in Counter(busy).items() if count >= AT_ONCE_EACH]
    room = AT_ONCE - len(busy)
    if room <= 0:
        return []
    async with database.transaction() as session:
        return await service.claim(session, utc_now(), room, AT_ONCE_EACH, full)


async def send(
    database: Database, due: Due, *, allow_private: bool, delays: Sequence[float] = DELAYS
) -> None:
    """Tries one delivery and records how that ended."""
    outcome = await _sent(due, allow_private=allow_private)
    with suppress(Unavailable):  # it is sent once more, under the same id, when its lease is over
        async with database.transaction() as session:
            await service.record(session, due, outcome, utc_now(), delays)


async def _sent(due: Due, *, allow_private: bool) -> Outcome:
    try:
        async with asyncio.timeout(WHOLE):
            status = await _posted(due, allow_private=allow_private)
    except TimeoutError:
        return Outcome(None, f"no whole answer within {WHOLE:.0f} s")
    except RequestInvalid as error:
        return Outcome(None, error.message)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Outcome(None, f"{type(error).__name__}: {error}"[:200])
    if 200 <= status < 300:
        return Outcome(status, None)
    return Outcome(status, f"answered {status}; a 2xx is expected and no redirect is followed")


async def _posted(due: Due, *, allow_private: bool) -> int:
    address = parsed(due.url, allow_private=allow_private)
    host = await resolved(address, allow_private=allow_private)
    body = due.payload.encode()
    headers = webhooks.signed(due.secret, due.id, body)
    headers["Host"] = address.netloc.decode("ascii")
    # connects to the very address that was checked; the certificate is still the name's
    extensions = {"sni_hostname": address.raw_host.decode("ascii")}
    async with (
        httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=10) as client,
        client.stream(
            "POST", address.copy_with(host=host), content=body, headers=headers,
            extensions=extensions,
        ) as answer,
    ):  # fmt: skip
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > ANSWER_LIMIT:
                break
        return answer.status_code
