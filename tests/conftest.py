"""``--full`` runs the long matrices: what ``make test-full`` adds to ``make test``."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import pkgutil
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aioboto3
import psycopg
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import settings
from psycopg import sql
from sqlalchemy import Column, String, Table
from sqlalchemy.engine import make_url

from ecg.kernel.database import METADATA, Database
from ecg.kernel.embedded import Stores, running_stores
from ecg.kernel.settings import S3Settings

settings.register_profile("brief", max_examples=60, deadline=None)
settings.register_profile("full", max_examples=2_000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long matrices too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: part of a long matrix, run by --full")
    config.addinivalue_line("markers", "timed: holds a deadline of the product by the clock")
    settings.load_profile("full" if config.getoption("--full") else "brief")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("timed"):
            # a machine that stood still for a while makes work later than it is, never earlier
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=5))
    if config.getoption("--full"):
        return
    longer = [item for item in items if item.get_closest_marker("full")]
    if longer:
        config.hook.pytest_deselected(items=longer)
        items[:] = [item for item in items if item not in longer]


@pytest.fixture(scope="module", autouse=True)
def _as_any_process() -> Iterator[None]:
    """No library that a test calls leaves this process, and all that it starts, real time."""
    yield
    assert not hasattr(os, "SCHED_OTHER") or os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder that every account may pass through, as PostgreSQL's must be under root."""
    folder = Path(tempfile.mkdtemp(prefix="ecg-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def services(short_folder: Path) -> Iterator[Stores]:
    """PostgreSQL, Valkey and the object store, for the whole session."""
    with running_stores(short_folder / "data", durable=False) as stores:
        yield stores


@pytest.fixture
def redis_url(services: Stores) -> str:
    return services.redis_url


@pytest.fixture
def reader_url(services: Stores) -> str:
    return services.reader_url


@functools.cache
def _know_tables() -> None:
    for path in sorted(Path("ecg").glob("*/models.py")):
        pkgutil.resolve_name(f"ecg.{path.parent.name}.models")
    for name in ("jobs", "leftovers", "ratelimit"):
        pkgutil.resolve_name(f"ecg.kernel.{name}")
    for table in list(METADATA.tables.values()):  # until every feature's models are there
        for key in table.foreign_keys:
            target = key.target_fullname.split(".")[0]
            if target not in METADATA.tables:
                Table(target, METADATA, Column("id", String(36), primary_key=True))


@pytest.fixture(scope="session")
def with_tables(services: Stores) -> sql.Identifier:
    """A database with every table there is, to make others from."""
    _know_tables()
    name = sql.Identifier("with_tables")
    with psycopg.connect(services.database_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))

    async def fill() -> None:
        made = _database(services, name)
        async with made.engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        await made.close()

    asyncio.run(fill())
    return name


@pytest.fixture
async def database(services: Stores, with_tables: sql.Identifier) -> AsyncIterator[Database]:
    """A database of this test's own, with every table there is."""
    name = sql.Identifier(f"test_{uuid.uuid4().hex}")
    admin = await psycopg.AsyncConnection.connect(services.database_url, autocommit=True)
    async with admin:
        create = "CREATE DATABASE {} TEMPLATE {}"
        await admin.execute(sql.SQL(create).format(name, with_tables))
        made = _database(services, name)
        try:
            yield made
        finally:
            await made.close()
            await admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _database(services: Stores, name: sql.Identifier) -> Database:
    url = make_url(services.database_url).set(database=name.as_string().strip('"'))
    return Database(url.render_as_string(hide_password=False), 5)


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Settings]:
    """A second object store of another make, with a bucket of its own."""
    folder = tmp_path_factory.mktemp("seaweed")
    identity = {
        "name": "test",
        "credentials": [{"accessKey": "seaweed", "secretKey": "seaweed-secret"}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = dict(zip(("master", "volume", "filer", "s3"), _seaweed_ports(), strict=True))
    command = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder}", "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1", "-s3", f"-s3.config={folder / 's3.json'}", "-filer",
        "-volume.max=20", "-master.volumeSizeLimitMB=64", "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        store = S3Settings(
            endpoint=f"http://127.0.0.1:{ports['s3']}",
            bucket="ecg",
            access_key="seaweed",
            secret_key="seaweed-secret",
        )
        asyncio.run(_make_bucket(store))
        yield store
    finally:
        process.kill()  # its data go with it, and a clean stop takes 10 s
        process.wait()


def _seaweed_ports() -> list[int]:
    """Ports whose gRPC twin, 10,000 higher, is free too."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        port = 21_000 + uuid.uuid4().int % 4_000
        while len(found) < 4:
            port += 1
            with contextlib.suppress(OSError):
                for number in (port, port + 10_000):
                    probe = held.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", number))
                found.append(port)
    return found


async def _make_bucket(store: S3Settings) -> None:
    """Returns when the store takes an object; it answers before it can."""
    deadline = time.monotonic() + 60
    session = aioboto3.Session(store.access_key, store.secret_key, region_name=store.region)
    async with session.client("s3", endpoint_url=store.endpoint) as client:
        while True:
            try:
                with contextlib.suppress(client.exceptions.BucketAlreadyExists):
                    await client.create_bucket(Bucket=store.bucket)
                await client.put_object(Bucket=store.bucket, Key="ready", Body=b"1")
                await client.delete_object(Bucket=store.bucket, Key="ready")
            except (BotoCoreError, ClientError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
            else:
                return
