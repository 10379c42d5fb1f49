"""Opens the stores of one data folder: by running them, or by joining ``ecg services``."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import http.client
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from ecg.kernel.embedded import postgres, valkey
from ecg.kernel.embedded.credentials import (
    Credentials,
    database_url,
    make_credentials,
    make_folder,
    read_credentials,
    redis_url,
    with_free_ports,
)
from ecg.kernel.embedded.supervisor import Child, Supervisor, birth, is_alive, running_pids
from ecg.kernel.errors import Conflict, InputRefused, Missing
from ecg.kernel.settings import S3Settings

STORE = "store"
NAMES = (postgres.NAME, valkey.NAME, STORE)
_LOOPBACK = "127.0.0.1"
_READY = 30.0
_UNOWNED = 5.0
"""Seconds for which a lock may be held by nobody that lives: a process that has it and has not
said so yet, or one that was killed and whose threads are still ending."""


class Stores(msgspec.Struct, frozen=True):
    """Where the three answer. ``database_url`` is PostgreSQL's (superuser of its own cluster),
    ``redis_url`` the worker roles' user, ``reader_url`` the api's."""

    data_dir: Path
    database_url: str
    redis_url: str
    reader_url: str
    s3: S3Settings

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run just now: ``postgres``, ``valkey``, ``store``."""
        return running_pids(self.data_dir, NAMES)


class Owner(msgspec.Struct, frozen=True):
    """Who runs the children of a data folder, as its lock file tells."""

    pid: int
    born: str
    kind: Literal["serve", "services"]
    ready: bool = False


@asynccontextmanager
async def open_stores(
    data_dir: Path,
    *,
    public_host: str = _LOOPBACK,
    exposed: bool = False,
    origins: Sequence[str] = ("*",),
    durable: bool = True,
) -> AsyncGenerator[Stores]:
    """``running_stores`` for an event loop, which goes on while they start and stop."""
    running = running_stores(
        data_dir, public_host=public_host, exposed=exposed, origins=origins, durable=durable
    )
    starting = asyncio.create_task(asyncio.to_thread(running.__enter__))
    try:
        yield await asyncio.shield(starting)
    finally:
        await asyncio.wait([starting])  # a start that is cancelled would leave its children
        if starting.exception() is None:
            await asyncio.to_thread(running.__exit__, None, None, None)


@contextmanager
def running_stores(  # noqa: PLR0913 - each is a choice of its own
    data_dir: Path,
    *,
    public_host: str = _LOOPBACK,
    exposed: bool = False,
    origins: Sequence[str] = ("*",),
    durable: bool = True,
    kind: Literal["serve", "services"] = "serve",
) -> Generator[Stores]:
    """The three stores, answering, until the block ends; a child that dies is started again.

    Where ``ecg services`` runs the folder its stores are joined, and left running at the end;
    where another ``ecg serve`` does, raises ``Conflict``. Children that a killed process left
    behind are adopted. ``public_host``: by which browsers reach the object store, which listens
    on every address where it is ``exposed``, else on the loopback. ``origins``: web origins whose pages may
    call the object store. ``durable`` false is for tests: a power cut may cost rows.
    Raises ``Missing`` where a child does not start, ``Conflict`` where those joined are not
    exposed as they should be.
    """
    folder = make_folder(data_dir)
    lock, owner = _lock(folder)
    if lock is None:
        if owner is None or owner.kind != "services" or kind == "services":
            raise Conflict(taken(folder, owner))
        if exposed:
            raise Conflict(
                f"the services of {folder} are for this machine only; stop them (`ecg services "
                "down`), then `ecg serve` runs stores that others reach, or listen on 127.0.0.1"
            )
        yield _joined(folder)
        return
    try:
        me = Owner(os.getpid(), birth(os.getpid()), kind)
        _write_owner(lock, me)
        credentials = _credentials(folder)
        children = (
            postgres.postgres_child(folder, credentials, durable=durable),
            valkey.valkey_child(folder, credentials),
            _store_child(folder, credentials, "0.0.0.0" if exposed else _LOOPBACK, origins),  # noqa: S104
        )
        supervisor = Supervisor(children, folder)
        supervisor.start()
        try:
            _write_owner(lock, msgspec.structs.replace(me, ready=True))
            yield _stores(folder, credentials, public_host)
        finally:
            supervisor.stop()
            postgres.drop_socket_dir(folder)
    finally:
        os.ftruncate(lock, 0)  # this process may live on
        os.close(lock)


def known_stores(data_dir: Path) -> Stores | None:
    """Where the stores of a data folder answer when they run; None where none ever ran."""
    folder = data_dir.expanduser().absolute()
    credentials = read_credentials(folder) if folder.is_dir() else None
    return credentials and _stores(folder, credentials, _LOOPBACK)


def owner_of(data_dir: Path) -> Owner | None:
    """Who runs the stores of a data folder just now."""
    try:
        owner = msgspec.json.decode((data_dir / "lock").read_bytes(), type=Owner)
    except (OSError, msgspec.MsgspecError):
        return None
    return owner if is_alive(owner.pid, owner.born) else None


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def stop_owner(owner: Owner) -> bool:
    """Asks a process of ours to stop; whether it did within 30 s."""
    os.kill(owner.pid, signal.SIGTERM)
    return wait_until(lambda: not is_alive(owner.pid, owner.born), _READY)


def _joined(folder: Path) -> Stores:
    def ready() -> bool:
        owner = owner_of(folder)
        return owner is not None and owner.ready

    if not wait_until(ready, _READY):
        raise Missing(f"the services of {folder} do not get ready: run `ecg services up`")
    stores = known_stores(folder)
    assert stores is not None
    return stores


def taken(folder: Path, owner: Owner | None) -> str:
    who = "another process" if owner is None else f"`ecg {owner.kind}` (process {owner.pid})"
    return f"the data folder {folder} is in use by {who}; stop it, or name another in ECG_DATA_DIR"


def _lock(folder: Path) -> tuple[int | None, Owner | None]:
    try:
        number = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputRefused(
            f"the data folder {folder} cannot be written: {error.strerror}; "
            "name another in ECG_DATA_DIR"
        ) from None
    deadline = time.monotonic() + _UNOWNED
    while True:
        with contextlib.suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, None
        owner = owner_of(folder)
        if owner is not None or time.monotonic() > deadline:
            os.close(number)
            return None, owner
        time.sleep(0.05)


def _write_owner(lock: int, owner: Owner) -> None:
    text = msgspec.json.encode(owner)
    os.pwrite(lock, text, 0)
    os.ftruncate(lock, len(text))


def _credentials(folder: Path) -> Credentials:
    """Kept, but for the port of a stopped child that someone else listens on meanwhile."""
    alive = running_pids(folder, NAMES)
    return with_free_ports(
        folder, make_credentials(folder), redis=valkey.NAME not in alive, s3=STORE not in alive
    )


def _stores(folder: Path, credentials: Credentials, public_host: str) -> Stores:
    endpoint = f"http://{_LOOPBACK}:{credentials.s3_port}"
    return Stores(
        data_dir=folder,
        database_url=database_url(credentials, postgres.socket_dir(folder)),
        redis_url=redis_url(credentials, "worker"),
        reader_url=redis_url(credentials, "reader"),
        s3=S3Settings(
            endpoint=endpoint,
            public_endpoint=f"http://{public_host}:{credentials.s3_port}",
            bucket="ecg",
            access_key=credentials.s3_access_key,
            secret_key=credentials.s3_secret_key,
        ),
    )


def _store_child(
    folder: Path, credentials: Credentials, listen: str, origins: Sequence[str]
) -> Child:
    port = credentials.s3_port
    command = (
        sys.executable, "-P", "-m", "ecg.kernel.embedded.store",
        str(folder), listen, str(port), ",".join(origins),
    )  # fmt: skip
    kept = {"PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR"}
    environment = {name: value for name, value in os.environ.items() if name in kept}
    return Child(STORE, command, folder, environment, lambda: _store_answers(port))


def _store_answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status == 403 and b"<Error>" in answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
