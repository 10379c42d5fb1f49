from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY

from ecg.kernel import storage
from ecg.kernel.database import utc_now
from ecg.kernel.embedded import Stores
from ecg.kernel.errors import NotFound, Unavailable
from ecg.kernel.identity import new_id
from ecg.kernel.settings import S3Settings
from ecg.kernel.storage import Store

pytestmark = pytest.mark.timed


@pytest.fixture
async def store(services: Stores) -> AsyncIterator[Store]:
    made = Store(services.s3)
    await made.open()
    yield made
    await made.close()


def counted() -> tuple[float, float]:
    hits = REGISTRY.get_sample_value("ecg_presign_cache_hits_total")
    misses = REGISTRY.get_sample_value("ecg_presign_cache_misses_total")
    return hits or 0.0, misses or 0.0


def test_a_file_is_saved_under_its_own_name_wherever_that_can_be() -> None:
    assert storage.saved_as("a b.mp4") == (
        "attachment; filename=\"a b.mp4\"; filename*=UTF-8''a%20b.mp4"
    )
    told = storage.saved_as('한글"; x=\r\n.mov')
    assert told.isascii()
    assert told.isprintable()
    assert told.count('"') == 2


async def test_a_url_asked_twice_is_signed_once_until_its_margin(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hits, misses = counted()
    first = await store.presign_get("a", public=True)
    assert await store.presign_get("a", public=True) == first
    assert counted() == (hits + 1, misses + 1)
    await store.presign_get("b", public=True)
    assert counted() == (hits + 1, misses + 2)

    start = time.monotonic()
    until = start + storage.URL_SECONDS - storage.MARGIN_SECONDS
    monkeypatch.setattr(storage.time, "monotonic", lambda: until - 5)
    assert await store.presign_get("a", public=True) == first
    monkeypatch.setattr(storage.time, "monotonic", lambda: until + 5)
    await store.presign_get("a", public=True)
    assert counted() == (hits + 2, misses + 3)


async def test_a_url_is_kept_no_longer_than_the_platforms_credentials_hold(
    services: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a container of a cloud gets them: here for 20 minutes, of which 10 are the margin."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        ends = (utc_now() + timedelta(minutes=20)).isoformat()
        keys = {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": ends}
        body = json.dumps(keys).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{port}/")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    made = Store(msgspec.structs.replace(services.s3, access_key="", secret_key=""))
    await made.open()
    try:
        first = await made.presign_get("a", public=True)
        assert "X-Amz-Security-Token=c" in first
        start = time.monotonic()
        monkeypatch.setattr(storage.time, "monotonic", lambda: start + 9 * 60)
        hits, misses = counted()
        assert await made.presign_get("a", public=True) == first
        monkeypatch.setattr(storage.time, "monotonic", lambda: start + 11 * 60)
        await made.presign_get("a", public=True)
        assert counted() == (hits + 1, misses + 1)
    finally:
        await made.close()
        server.close()


async def test_addresses_inside_and_outside_differ(services: Stores) -> None:
    outside = msgspec.structs.replace(services.s3, public_endpoint="https://files.example.org")
    made = Store(outside)
    await made.open()
    try:
        public = await made.presign_get("a", public=True)
        inside = await made.presign_get("a", public=False)
    finally:
        await made.close()
    assert public.startswith("https://files.example.org/")
    assert inside.startswith(services.s3.endpoint)


async def test_a_written_object_is_read_again_and_removed(store: Store) -> None:
    key = f"test/{new_id()}/x"
    url = await store.presign_put(key, public=False)
    async with httpx.AsyncClient() as client:
        assert (await client.put(url, content=b"0123456789")).status_code == 200
    assert (await store.head(key)).size == 10
    assert await store.read(key, 4) == b"0123"
    assert b"".join([chunk async for chunk in store.stream(key)]) == b"0123456789"
    await store.delete_under(key.rsplit("/", 1)[0] + "/")
    with pytest.raises(NotFound):
        await store.head(key)


async def test_an_absent_store_is_told() -> None:
    made = Store(
        S3Settings(endpoint="http://127.0.0.1:9", bucket="x", access_key="a", secret_key="b")
    )
    await made.open()
    try:
        with pytest.raises(Unavailable):
            await made.ping()
    finally:
        await made.close()
