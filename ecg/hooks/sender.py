"""Sends what is due: one task in each api process, each taking what no other has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx

from ecg.hooks import service
from ecg.hooks.address import parsed, resolved
from ecg.hooks.service import DELAYS, Due, Outcome
from ecg.kernel import webhooks
from ecg.kernel.database import Database, utc_now
from ecg.kernel.errors import RequestInvalid

EACH = 1.0
"""Seconds between two looks for what is due."""
PURGE_EACH = 3600.0
AT_ONCE = 20
WHOLE = 20.0
"""Seconds that one try may take; well below the lease."""
ANSWER_LIMIT = 64 << 10
"""Bytes of an answer that are read; what it says does not matter."""


async def send_for_ever(
    database: Database, *, allow_private: bool, delays: Sequence[float] = DELAYS
) -> None:
    loop = asyncio.get_running_loop()
    purged = 0.0
    while True:
        if loop.time() - purged > PURGE_EACH or not purged:
            purged = loop.time()
            async with database.transaction() as session:
                await service.purge(session, utc_now())
        if not await send_due(database, allow_private=allow_private, delays=delays):
            await asyncio.sleep(EACH)


async def send_due(
    database: Database, *, allow_private: bool, delays: Sequence[float] = DELAYS
) -> int:
    """Tries everything that is due now, up to ``AT_ONCE``; returns how many that was."""
    async with database.transaction() as session:
        due = await service.claim(session, utc_now(), AT_ONCE)
    outcomes = await asyncio.gather(*(_sent(each, allow_private=allow_private) for each in due))
    for each, outcome in zip(due, outcomes, strict=True):
        async with database.transaction() as session:
            await service.record(session, each, outcome, utc_now(), delays)
    return len(due)


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
