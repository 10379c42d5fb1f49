"""Users' webhooks against a real PostgreSQL and real receivers on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import text, update
from standardwebhooks.webhooks import Webhook as Verifier

from ecg.hooks import service
from ecg.hooks.address import is_public
from ecg.hooks.models import Delivery
from ecg.hooks.routes import HooksDesk, routes
from ecg.hooks.sender import AT_ONCE, send, send_for_ever, take
from ecg.kernel.database import Database, utc_now
from ecg.kernel.errors import Unauthorized
from ecg.kernel.identity import Principal, new_id
from ecg.kernel.web import Part, create_app


class Receiver:
    """Answers each request with the next of ``statuses``, the last for ever."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses, self.got, self.url = statuses, [], ""

    async def serve(self, reader, writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((headers, body))
        status = self.statuses[min(len(self.got), len(self.statuses)) - 1]
        place = f"Location: {self.url}/elsewhere\r\n" if status == 307 else ""
        writer.write(
            f"HTTP/1.1 {status} X\r\n{place}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncGenerator[Receiver]:
    receiver = Receiver(list(statuses))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        server.close()


async def add_user(database: Database) -> str:
    user_id = new_id()
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO users (id, email, name, role, created_at) VALUES (:i, :i, '', 'user', now())"
            ),
            {"i": user_id},
        )
    return user_id


async def hook(database, owner, url, *events) -> tuple[str, str]:
    async with database.transaction() as session:
        made = await service.create(session, owner, url, events or ["render.succeeded"])
        return made.id, made.secret


async def notify(database, owner, event="render.succeeded") -> None:
    async with database.transaction() as session:
        await service.notify(session, owner, event, {"id": "r1", "text": "é"})


async def log(database, owner, webhook_id) -> list[Delivery]:
    async with database.transaction() as session:
        return list(await service.deliveries(session, owner, webhook_id, None, 100))


async def hurry(database) -> None:
    async with database.transaction() as session:
        await session.execute(update(Delivery).values(next_at=utc_now()))


async def send_due(database, **options) -> int:
    """Whatever is due now, as the task does; returns how many that were."""
    sent = 0
    while due := await take(database, []):
        await asyncio.gather(*(send(database, each, **options) for each in due))
        sent += len(due)
    return sent


async def test_a_delivery_is_signed_and_only_for_what_was_asked(database: Database) -> None:
    owner, other = await add_user(database), await add_user(database)
    async with receiving(200) as receiver:
        webhook_id, secret = await hook(database, owner, receiver.url + "/in?x=1")
        await notify(database, owner)
        await notify(database, owner, "render.failed")
        await notify(database, other)
        assert await send_due(database, allow_private=True) == 1
        assert await send_due(database, allow_private=True) == 0
        [(headers, body)] = receiver.got
    Verifier(secret).verify(body, headers)
    assert json.loads(body)["data"] == {"id": "r1", "text": "é"}
    [done] = await log(database, owner, webhook_id)
    assert (done.state, done.attempts, done.last_status) == ("delivered", 1, 200)
    assert headers["webhook-id"] == done.id
    assert headers["host"] == receiver.url.removeprefix("http://")


async def test_failures_are_tried_again_under_one_id_ever_later_then_given_up(database) -> None:
    owner, waits = await add_user(database), []
    async with receiving(500) as receiver:
        webhook_id, _ = await hook(database, owner, receiver.url)
        await notify(database, owner)
        for _ in range(3):
            await send_due(database, allow_private=True, delays=(60, 600))
            [row] = await log(database, owner, webhook_id)
            waits.append((row.next_at - utc_now()).total_seconds())
            await hurry(database)
        assert await send_due(database, allow_private=True) == 0
    assert 50 < waits[0] < 61
    assert 590 < waits[1] < 601
    assert (row.state, row.attempts, row.last_status) == ("failed", 3, 500)
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {row.id}


async def test_a_redirect_is_not_followed(database: Database) -> None:
    owner = await add_user(database)
    async with receiving(307, 200) as receiver:
        webhook_id, _ = await hook(database, owner, receiver.url)
        await notify(database, owner)
        await send_due(database, allow_private=True)
        assert len(receiver.got) == 1
    [row] = await log(database, owner, webhook_id)
    assert (row.state, row.last_status) == ("pending", 307)


async def test_an_address_is_checked_at_each_send_too(database: Database) -> None:
    owner = await add_user(database)
    async with receiving(200) as receiver:
        port = receiver.url.rpartition(":")[2]
        webhook_id, _ = await hook(database, owner, f"https://localhost:{port}")
        await notify(database, owner)
        await send_due(database, allow_private=False)
        assert receiver.got == []
    [row] = await log(database, owner, webhook_id)
    assert "private" in row.last_error


async def test_two_senders_share_what_is_due(database: Database) -> None:
    owner = await add_user(database)
    async with receiving(200) as receiver:
        await hook(database, owner, receiver.url)
        for _ in range(30):
            await notify(database, owner)
        await asyncio.gather(*(send_due(database, allow_private=True) for _ in range(4)))
        ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == len(set(ids)) == 30


async def test_receivers_that_take_their_time_keep_nobody_else_waiting(database) -> None:
    slow, quick = await add_user(database), await add_user(database)
    hanging = asyncio.Event()

    async def hang(_reader, writer) -> None:
        await hanging.wait()
        writer.close()

    tarpit = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = tarpit.sockets[0].getsockname()[1]
    async with receiving(200) as receiver:
        await hook(database, slow, f"http://127.0.0.1:{port}")
        webhook_id, _ = await hook(database, quick, receiver.url)
        for _ in range(3 * AT_ONCE):
            await notify(database, slow)
        for _ in range(5):
            await notify(database, quick)
        sending = asyncio.create_task(send_for_ever(database, allow_private=True))
        try:
            async with asyncio.timeout(10):
                states = set()
                while states != {"delivered"}:
                    await asyncio.sleep(0.05)
                    states = {row.state for row in await log(database, quick, webhook_id)}
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            hanging.set()
            tarpit.close()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%eth0", "fc00::1",
     "0.0.0.0", "224.0.0.1", "240.0.0.1", "100.64.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "192.168.0.1"],
)  # fmt: skip
def test_addresses_that_are_not_public(host: str) -> None:
    assert not is_public(host)


def test_public_addresses() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2606:4700::1111")


async def test_routes(database: Database) -> None:
    people = {name: Principal(await add_user(database), "user", "t") for name in ("ann", "bob")}

    async def authenticate(connection) -> Principal:
        return people[connection.headers["who"]]

    async def require_live(_session: object, principal: Principal) -> None:
        if principal in ended:
            raise Unauthorized("ended")

    ended: list[Principal] = []
    desk = HooksDesk(database, require_live)
    app = create_app([Part(routes=[routes(desk)])], authenticate=authenticate, role="api")
    path, ann, bob = "/api/v1/webhooks", {"who": "ann"}, {"who": "bob"}
    good = {"url": "https://8.8.8.8/hook", "events": ["render.failed", "analysis.succeeded"]}
    async with AsyncTestClient(app) as client:
        made = (await client.post(path, json=good, headers=ann)).json()
        assert made["secret"].startswith("whsec_")
        [seen] = (await client.get(path, headers=ann)).json()["items"]
        assert seen == {key: value for key, value in made.items() if key != "secret"}
        assert (await client.get(path, headers=bob)).json()["items"] == []
        mine = f"{path}/{made['id']}"
        for who, status in ((bob, 404), (ann, 200)):
            assert (await client.get(f"{mine}/deliveries", headers=who)).status_code == status
        for who, status in ((bob, 404), (ann, 204), (ann, 404)):
            assert (await client.delete(mine, headers=who)).status_code == status
        for url in ("http://8.8.8.8", "ftp://8.8.8.8", "https://", "x", "https://u:p@8.8.8.8", "https://8.8.8.8/#f",
                    "https://127.0.0.1", "https://10.0.0.1", "https://[::1]", "https://169.254.169.254/latest",
                    "https://2130706433", "https://0x7f000001", "https://localhost", "https://127.1",
                    "https://no.such.invalid", "https://8.8.8.8:99999", "https://" + "a" * 300, "", 5):  # fmt: skip
            answer = await client.post(path, json=good | {"url": url}, headers=ann)
            assert answer.status_code in {400, 422}, (url, answer.text)
            assert "url" in answer.text, (url, answer.text)
        for events in ([], ["odd"], "render.failed", None, ["render.failed"] * 5):
            answer = await client.post(path, json=good | {"events": events}, headers=ann)
            assert answer.status_code in {400, 422}, (events, answer.text)
            assert "events" in answer.text, (events, answer.text)
        assert (await client.get(path, headers=ann)).json()["items"] == []
        answers = await asyncio.gather(
            *(client.post(path, json=good, headers=ann) for _ in range(14))
        )
        assert sorted(each.status_code for each in answers) == [201] * 10 + [409] * 4
        ended.append(people["bob"])
        assert (await client.post(path, json=good, headers=bob)).status_code == 401
