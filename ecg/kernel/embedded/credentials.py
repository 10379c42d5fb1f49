"""What the embedded stores are reached with: made once, kept in the data folder, mode 0600."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from urllib.parse import quote

import msgspec

from ecg.kernel.errors import InputRefused

_FILE = "credentials.json"
_PORTS = range(20_000, 32_000)
"""Below the range from which systems take the port of an outgoing connection: a client that
calls again and again while the server is away can else be given that very port."""


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``database``, ``worker`` and ``reader`` are passwords of the users of those names."""

    database: str
    worker: str
    reader: str
    s3_access_key: str
    s3_secret_key: str
    secret_key: str
    service_key: str
    redis_port: int
    s3_port: int


class StoredKeys(msgspec.Struct, frozen=True):
    """``ECG_SECRET_KEY`` and ``ECG_SERVICE_KEY`` of the embedded default."""

    secret_key: str
    service_key: str


def stored_keys(data_dir: Path) -> StoredKeys:
    """The keys kept in the data folder; made at the first call."""
    credentials = make_credentials(data_dir)
    return StoredKeys(credentials.secret_key, credentials.service_key)


def make_folder(data_dir: Path) -> Path:
    """The data folder, made where it is missing; its absolute path.

    Made by root, others may pass through it (PostgreSQL runs as another account) but not list
    it; one that exists keeps its mode. Raises ``InputRefused`` where it cannot be made.
    """
    folder = data_dir.expanduser().absolute()
    try:
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() == 0:
                folder.chmod(0o711)
    except OSError as error:
        raise InputRefused(
            f"the data folder {folder} cannot be made: {error.strerror}; name another in ECG_DATA_DIR"
        ) from None
    return folder


def read_credentials(data_dir: Path) -> Credentials | None:
    """None where nothing was ever started in this folder. Raises ``InputRefused`` where the
    file is damaged."""
    path = data_dir / _FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise InputRefused(
            f"{path} cannot be read: {error}; put it back from a copy of the data folder"
        ) from None


def make_credentials(data_dir: Path) -> Credentials:
    """Those kept in the folder; made where there are none. Two processes that make them at
    once end with the same."""
    folder = make_folder(data_dir)
    known = read_credentials(folder)
    if known is not None:
        return known
    redis_port = free_port()
    fresh = Credentials(
        database=secrets.token_hex(24),
        worker=secrets.token_hex(24),
        reader=secrets.token_hex(24),
        s3_access_key=secrets.token_hex(10),
        s3_secret_key=secrets.token_hex(24),
        secret_key=secrets.token_hex(32),
        service_key=secrets.token_hex(32),
        redis_port=redis_port,
        s3_port=free_port({redis_port}),
    )
    written = _write(folder, fresh)
    try:
        os.link(written, folder / _FILE)
    except FileExistsError:
        return make_credentials(folder)
    finally:
        written.unlink()
    return fresh


def with_free_ports(data_dir: Path, known: Credentials, *, redis: bool, s3: bool) -> Credentials:
    """The credentials with another port for each named server whose own was taken by a program
    of someone else's while it was stopped."""
    changes: dict[str, int] = {}
    if redis and not _is_free(known.redis_port):
        changes["redis_port"] = free_port({known.s3_port})
    if s3 and not _is_free(known.s3_port):
        changes["s3_port"] = free_port({known.redis_port, *changes.values()})
    if not changes:
        return known
    moved = msgspec.structs.replace(known, **changes)
    _write(data_dir, moved).replace(data_dir / _FILE)
    return moved


def free_port(taken: set[int] | None = None) -> int:
    """A loopback port that nothing listens on."""
    while True:
        port = secrets.choice(_PORTS)
        if port not in (taken or set()) and _is_free(port):
            return port


def redis_url(credentials: Credentials, user: str) -> str:
    """``user``: ``worker`` or ``reader``."""
    password = {"worker": credentials.worker, "reader": credentials.reader}[user]
    return f"redis://{user}:{password}@127.0.0.1:{credentials.redis_port}/0"


def database_url(credentials: Credentials, socket_dir: Path, name: str = "ecg") -> str:
    host = quote(str(socket_dir), safe="")
    return f"postgresql://ecg:{credentials.database}@/{name}?host={host}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _write(folder: Path, credentials: Credentials) -> Path:
    path = folder / f".{_FILE}.{secrets.token_hex(8)}"
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "wb") as file:
        file.write(msgspec.json.encode(credentials))
        file.flush()
        os.fsync(file.fileno())
    return path
