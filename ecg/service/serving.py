"""Serving: stores of its own where none are given, the address listened on, a clean stop."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

import click
import msgspec
import uvicorn

from ecg.kernel import migrations
from ecg.kernel.embedded import open_stores, stored_keys
from ecg.kernel.errors import InputRefused, Missing
from ecg.kernel.settings import Settings
from ecg.service.process import service

STOP_SECONDS = 3
"""Seconds that open connections have to end by themselves; one event stream would else hold
the stop for ever."""


async def serve(
    settings: Settings, names: frozenset[str], host: str, port: int, *, embedded: bool
) -> None:
    """Serves until SIGINT or SIGTERM. ``embedded``: with stores of its own. Prints the address
    once it answers there. Raises ``InputRefused``, ``Missing``, ``Conflict``."""
    with _listening(host, port) as listener:
        bound = listener.getsockname()
        address = settings.public_url or f"http://{_shown(host)}:{bound[1]}"
        settings = msgspec.structs.replace(settings, public_url=address)
        async with (
            _stores(settings, names, host, embedded=embedded) as whole,
            service(whole, names) as app,
        ):
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
            await _until_stopped(uvicorn.Server(config), listener, address)


async def _until_stopped(server: uvicorn.Server, listener: socket.socket, address: str) -> None:
    # uvicorn raises what it caught again once it has stopped, which would cut our own stop short
    server.capture_signals = _uncaught
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    if server.started:
        click.echo(f"ECG is at {address}")
    await serving
    if not server.started:
        raise Missing("the service could not start; the lines above say why")


@contextmanager
def _uncaught() -> Generator[None]:
    yield


@asynccontextmanager
async def _stores(
    settings: Settings, names: frozenset[str], host: str, *, embedded: bool
) -> AsyncGenerator[Settings]:
    """The settings with those of the embedded stores, whose object store is reached from where
    the api is: by its name, on every address where others than this machine are to reach it."""
    if not embedded:
        if "api" in names:
            _check_schema(await asyncio.to_thread(migrations.status, settings.database.url))
        yield settings
        return
    keys = stored_keys(settings.data_folder)
    public = urlsplit(settings.public_url)
    given = settings.s3.public_endpoint
    if public.scheme == "https" and not given:
        raise InputRefused(
            "ECG_PUBLIC_URL is https, from whose pages a browser reaches no plain http: name in "
            "ECG_S3__PUBLIC_ENDPOINT the https address that leads to the object store too"
        )
    name = public.hostname or "127.0.0.1"
    async with open_stores(
        settings.data_folder,
        public_host=f"[{name}]" if ":" in name else name,
        exposed=not _is_loopback(host) or not (given or _is_loopback(name)),
    ) as stores:
        await asyncio.to_thread(migrations.up, stores.database_url)
        replace = msgspec.structs.replace
        yield replace(
            settings,
            secret_key=settings.secret_key or keys.secret_key,
            service_key=settings.service_key or keys.service_key,
            database=replace(settings.database, url=stores.database_url),
            redis=replace(settings.redis, url=stores.redis_url, reader_url=stores.reader_url),
            s3=replace(stores.s3, public_endpoint=given or stores.s3.public_endpoint),
        )


def _check_schema(schema: migrations.Schema) -> None:
    if not schema.ready:
        raise Missing(
            f"the database is at revision {schema.at or 'none'}, this version of ECG stands on "
            f"{schema.newest}: run `ecg migrate up`"
        )


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise InputRefused(
            f"{host}:{port} cannot be listened on: {error.strerror}; name another with --port"
        ) from None
    with listener:
        # asyncio sets this only on sockets made for TCP by name; without it each answer waits
        # 40 ms for the client's acknowledgement of its head
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host
