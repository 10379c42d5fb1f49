"""Stores of its own as the service opens them, reached from elsewhere."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from ecg.kernel.embedded import start_detached, stop_detached
from ecg.kernel.errors import Conflict, InputRefused
from ecg.kernel.settings import S3Settings, Settings
from ecg.kernel.storage import Store
from ecg.service.serving import _stores

API = frozenset({"api"})


@pytest.fixture
def data(short_folder: Path) -> Path:
    return short_folder / f"serving-{time.time_ns()}"


async def signed(whole: Settings) -> tuple[str, str]:
    store = Store(whole.s3)
    await store.open()
    try:
        urls = [await store.presign_put("a", public=public) for public in (True, False)]
    finally:
        await store.close()
    return urls[0], urls[1]


async def test_urls_lead_where_the_public_address_does(data: Path) -> None:
    """127.0.0.2 stands for another address of this machine."""
    settings = Settings(data_dir=data, public_url="http://127.0.0.2:8000")
    async with _stores(settings, API, "0.0.0.0", embedded=True) as whole:
        outside, inside = await signed(whole)
        assert urlsplit(outside).hostname == "127.0.0.2"
        async with httpx.AsyncClient() as client:
            for url in (outside, inside):
                assert (await client.put(url, content=b"x")).status_code == 200
    given = S3Settings(public_endpoint="https://files.example.org")
    settings = Settings(data_dir=data, public_url="https://ecg.example.org", s3=given)
    async with _stores(settings, API, "127.0.0.1", embedded=True) as whole:
        outside, inside = await signed(whole)
        assert outside.startswith("https://files.example.org/")
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(inside.replace("127.0.0.1", "127.0.0.2"))


async def test_pages_of_https_need_a_store_of_https(data: Path) -> None:
    settings = Settings(data_dir=data, public_url="https://ecg.example.org")
    with pytest.raises(InputRefused, match="ECG_S3__PUBLIC_ENDPOINT"):
        async with _stores(settings, API, "127.0.0.1", embedded=True):
            pass


async def test_services_for_this_machine_are_not_joined_for_others(data: Path) -> None:
    start_detached(data)
    try:
        settings = Settings(data_dir=data, public_url="http://192.0.2.1:8000")
        with pytest.raises(Conflict, match="this machine only"):
            async with _stores(settings, API, "0.0.0.0", embedded=True):
                pass
    finally:
        stop_detached(data)
