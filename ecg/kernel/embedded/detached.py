"""Stores that outlive the command that starts them: up and down of ``ecg services``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ecg.kernel.embedded.credentials import make_folder
from ecg.kernel.embedded.stores import (
    NAMES,
    Stores,
    known_stores,
    owner_of,
    running_stores,
    stop_owner,
    taken,
    wait_until,
)
from ecg.kernel.embedded.supervisor import birth, last_line, running_pids
from ecg.kernel.errors import Conflict, Missing

_READY = 60.0


def start_detached(data_dir: Path) -> Stores:
    """Leaves a process that runs the stores; back when they answer. Where one does already,
    only waits for it. Raises ``Conflict`` where ``ecg serve`` runs them, ``Missing`` where they
    do not start."""
    folder = make_folder(data_dir)
    pid = None if _owned(folder) else _spawn(folder)

    def settled() -> bool:
        return _is_ready(folder) or (pid is not None and not birth(pid))

    wait_until(settled, _READY)
    stores = known_stores(folder)
    if stores is None or not _is_ready(folder):
        raise Missing(f"the services do not start: {last_line(folder / 'services.log')}")
    return stores


def stop_detached(data_dir: Path) -> bool:
    """Stops the stores, those too that a killed process left behind; whether any ran. Raises
    ``Conflict`` where ``ecg serve`` runs them or they do not end within 30 s."""
    folder = data_dir.expanduser().absolute()
    owner = owner_of(folder)
    if owner is None:
        if not running_pids(folder, NAMES):
            return False
        with running_stores(folder, kind="services"):
            return True
    _owned(folder)
    if not stop_owner(owner):
        raise Conflict(f"the services (process {owner.pid}) do not stop; see {folder}/services.log")
    return True


def running_detached(data_dir: Path) -> Stores:
    """The stores of a folder, where they run. Raises ``Missing`` where they do not."""
    folder = data_dir.expanduser().absolute()
    stores = known_stores(folder)
    if stores is None or owner_of(folder) is None:
        raise Missing(f"no services run on {folder}: run `ecg services up`")
    return stores


def _owned(folder: Path) -> bool:
    """Whether ``ecg services`` runs the folder. Raises ``Conflict`` where ``ecg serve`` does."""
    owner = owner_of(folder)
    if owner is not None and owner.kind == "serve":
        raise Conflict(taken(folder, owner))
    return owner is not None


def _is_ready(folder: Path) -> bool:
    owner = owner_of(folder)
    return owner is not None and owner.ready and owner.kind == "services"


def _spawn(folder: Path) -> int:
    """The pid; no object stands for a process that outlives this one."""
    log = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "ecg.kernel.embedded", str(folder)],
        os.environ,
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder / "services.log"), log, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
