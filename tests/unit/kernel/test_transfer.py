"""Moving files over a connection that breaks, from a server that misbehaves on purpose."""

import asyncio
import hashlib
from contextlib import asynccontextmanager, nullcontext

import pytest
import uvicorn

from ecg.kernel import transfer
from ecg.kernel.errors import EngineFailed, NotFound
from ecg.kernel.transfer import download, open_client, upload

BODY = bytes(range(256)) * 4096 * 5


class Faulty:
    """An object at ``/o?sig=N``. ``plan`` says what goes wrong with each request in turn."""

    def __init__(self, *plan):
        self.plan = list(plan)
        self.ranges = []
        self.written = b""
        self.lengths = []
        self.signed = 0

    async def url(self):
        self.signed += 1
        return f"{self.address}/o?sig={self.signed}"

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        fault = self.plan.pop(0) if self.plan else ""
        if isinstance(fault, int):
            await answer(send, fault, b"")
        elif scope["method"] == "PUT":
            self.lengths.append(headers.get(b"content-length"))
            self.written = await taken(receive)
            await answer(send, 200, b"")
        else:
            self.ranges.append(headers[b"range"].decode())
            start = int(headers[b"range"].removeprefix(b"bytes=").removesuffix(b"-"))
            if fault == "whole":
                await answer(send, 200, BODY)
            elif fault == "longer":
                await answer(send, 206, BODY[start:] + b"more")
            elif fault == "short":
                await answer(send, 206, BODY[start : start + 3_000_000])
            elif fault == "break":
                await answer(send, 206, BODY[start : start + 2_000_000], len(BODY) - start)
                raise ConnectionError
            else:
                await answer(send, 206, BODY[start:])


async def answer(send, status, body, length=None):
    headers = [(b"content-length", str(len(body) if length is None else length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": length is not None})


async def taken(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


@asynccontextmanager
async def served(faulty):
    server = uvicorn.Server(uvicorn.Config(faulty, port=0, log_config=None, lifespan="off"))
    server.capture_signals = nullcontext
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    faulty.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    async with open_client() as client:
        yield client
    server.should_exit = True
    await task


@pytest.mark.parametrize(
    ("plan", "ranges"),
    [
        ([], ["bytes=0-"]),
        (["break", "break"], ["bytes=0-", "bytes=2000000-", "bytes=4000000-"]),
        (["short"], ["bytes=0-", "bytes=3000000-"]),
        ([503, 500], ["bytes=0-"]),
        ([403], ["bytes=0-"]),
        (["break", "whole"], ["bytes=0-", "bytes=2000000-"]),
    ],
)
async def test_a_download_is_taken_up_where_it_broke(tmp_path, plan, ranges):
    faulty = Faulty(*plan)
    async with served(faulty) as client:
        await download(client, faulty.url, tmp_path / "source", len(BODY))
    assert (tmp_path / "source").read_bytes() == BODY
    assert faulty.ranges == ranges
    faults = [fault for fault in plan if fault != "whole"]
    assert faulty.signed == len(faults) + 1  # a URL that ran out is asked for again


async def test_more_than_was_announced_is_not_written(tmp_path):
    faulty = Faulty("longer")
    async with served(faulty) as client:
        with pytest.raises(EngineFailed, match="more than"):
            await download(client, faulty.url, tmp_path / "source", len(BODY))
    assert (tmp_path / "source").stat().st_size <= len(BODY)


async def test_an_object_that_is_gone_is_not_asked_for_again(tmp_path):
    faulty = Faulty(404)
    async with served(faulty) as client:
        with pytest.raises(NotFound):
            await download(client, faulty.url, tmp_path / "source", len(BODY))
    assert faulty.signed == 1


async def test_an_upload_is_streamed_with_its_length_and_tried_until_it_is_there(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(transfer, "PIECE", 100_000)
    faulty = Faulty(503, 403, 500)
    (tmp_path / "result.mp4").write_bytes(BODY)
    async with served(faulty) as client:
        stored = await upload(client, faulty.url, tmp_path / "result.mp4", "result.mp4")
    assert faulty.written == BODY
    assert faulty.lengths == [str(len(BODY)).encode()]
    assert (stored.name, stored.size) == ("result.mp4", len(BODY))
    assert stored.sha256 == hashlib.sha256(BODY).hexdigest()
    assert faulty.signed == 4


async def test_an_absent_store_is_waited_for(tmp_path):
    faulty = Faulty()
    faulty.address = "http://127.0.0.1:9"
    async with open_client() as client:
        waiting = asyncio.create_task(download(client, faulty.url, tmp_path / "source", len(BODY)))
        await asyncio.sleep(1)
        assert not waiting.done()
        async with served(faulty):
            await asyncio.wait_for(waiting, 10)
    assert (tmp_path / "source").read_bytes() == BODY


@pytest.mark.parametrize(
    ("plan", "signed", "says"),
    [
        ([413], 1, "413"),
        ([400], 1, "400"),
        ([403, 403, 403, 403], 4, "403"),
        ([503, 429, 413], 3, "413"),
    ],
)
async def test_an_answer_that_will_stay_is_not_waited_out(tmp_path, plan, signed, says):
    faulty = Faulty(*plan)
    (tmp_path / "result.mp4").write_bytes(BODY)
    async with served(faulty) as client:
        with pytest.raises(EngineFailed, match=says):
            await upload(client, faulty.url, tmp_path / "result.mp4", "result.mp4")
    assert faulty.signed == signed


async def test_a_source_shorter_than_announced_is_told(tmp_path):
    faulty = Faulty(416)
    async with served(faulty) as client:
        with pytest.raises(EngineFailed, match="fewer than"):
            await download(client, faulty.url, tmp_path / "source", len(BODY))
