"""Writes the types of the studio's client from the OpenAPI document: python scripts/client.py FILE"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from ecg.kernel.embedded import Stores, running_stores
from ecg.kernel.settings import DatabaseSettings, RedisSettings, Settings
from ecg.service.process import service

ROOT = Path(__file__).resolve().parent.parent


async def document(stores: Stores) -> bytes:
    settings = Settings(
        secret_key="s" * 32, service_key="k" * 32, s3=stores.s3,
        database=DatabaseSettings(url=stores.database_url),
        redis=RedisSettings(reader_url=stores.reader_url),
    )  # fmt: skip
    async with service(settings, frozenset(["api"])) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return (await client.get("/api/v1/openapi.json")).raise_for_status().content


with tempfile.TemporaryDirectory(prefix="ecg-client-") as folder:
    Path(folder).chmod(0o711)
    with running_stores(Path(folder) / "data", durable=False) as stores:
        described = Path(folder) / "openapi.json"
        described.write_bytes(asyncio.run(document(stores)))
        script = ROOT / "scripts/client.sh"
        command = [
            "sh",
            script,
            Path(sys.executable).parent,
            described,
            Path(sys.argv[1]).resolve(),
        ]
        subprocess.run(command, check=True)
