"""Keeps child servers running: starts, watches, starts again, adopts and stops them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from ecg.kernel.errors import EcgError, Missing

_LOG = structlog.get_logger("ecg.embedded")
_LOOK = 0.1
_AGAIN = 0.4
"""Seconds between two starts of a child that ends at once."""
_STARTS = 15
_START = 30.0
_STOP = 10.0
_LOG_BYTES = 10 << 20


class Child(msgspec.Struct, frozen=True):
    """A server to run. ``answers`` says within a second or so whether it serves with our
    credentials. ``user``: the account (uid, gid) it runs as, None for this process's own.
    ``before`` runs before each start."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    answers: Callable[[], bool]
    stop_signal: int = signal.SIGTERM
    user: tuple[int, int] | None = None
    before: Callable[[], None] | None = None


class _Record(msgspec.Struct, frozen=True):
    """A running child as its pid file tells; ``born`` tells it from a later process that was
    given the same pid."""

    pid: int
    born: str
    command: tuple[str, ...]


class Supervisor:
    """Runs the children of one data folder, from a thread of its own, between ``start`` and
    ``stop``. Only the holder of the folder's lock may make one."""

    def __init__(self, children: Sequence[Child], data_dir: Path) -> None:
        self._children = children
        self._data_dir = data_dir
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="embedded", daemon=True)

    def start(self) -> None:
        """Returns when all answer. Raises ``Missing`` with the log's last line otherwise."""
        (self._data_dir / "run").mkdir(mode=0o700, exist_ok=True)
        try:
            for child in self._children:
                if not self._adopt(child):
                    self._spawn(child)
            for child in self._children:
                self._await(child)
        except BaseException:
            self._stop_all()
            raise
        self._thread.start()

    def stop(self) -> None:
        """Ends every child, and is back when they have."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._stop_all()

    def _adopt(self, child: Child) -> bool:
        record = _read(self._data_dir, child.name)
        if record is None or not is_alive(record.pid, record.born):
            return False
        if record.command == child.command and child.answers():
            _LOG.info("adopted a running child", child=child.name, pid=record.pid)
            return True
        self._end(child)
        return False

    def _spawn(self, child: Child) -> None:
        if child.before is not None:
            child.before()
        log = self._data_dir / f"{child.name}.log"
        if log.is_file() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        user, group = child.user or (None, None)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as output:
            process = subprocess.Popen(
                child.command,
                cwd=child.folder,
                env=child.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if group is None else [],
                umask=0o077,
            )
        record = _Record(process.pid, birth(process.pid), child.command)
        path = _record_path(self._data_dir, child.name)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(record))
        fresh.replace(path)
        self._processes[child.name] = process
        self._started[child.name] = time.monotonic()

    def _await(self, child: Child) -> None:
        deadline = time.monotonic() + _START
        starts = 0
        while not child.answers():
            if time.monotonic() > deadline or starts > _STARTS:
                last = last_line(self._data_dir / f"{child.name}.log")
                raise Missing(f"the embedded {child.name} does not start: {last}")
            starts += self._keep(child)
            time.sleep(0.02)

    def _watch(self) -> None:
        told: set[str] = set()
        while not self._ended.wait(_LOOK):
            for child in self._children:
                running = self._is_running(child)
                if running and child.name in told and child.answers():
                    told.discard(child.name)
                    _LOG.info("an embedded child is back", child=child.name)
                elif not running and child.name not in told:
                    told.add(child.name)
                    _LOG.warning("an embedded child died; starting it again", child=child.name)
                with contextlib.suppress(OSError, EcgError):
                    self._keep(child)

    def _keep(self, child: Child) -> bool:
        """Starts a child that does not run; whether it did."""
        since = time.monotonic() - self._started.get(child.name, 0.0)
        if since < _AGAIN or self._is_running(child):
            return False
        self._spawn(child)
        return True

    def _is_running(self, child: Child) -> bool:
        process = self._processes.get(child.name)
        if process is not None:
            return process.poll() is None
        record = _read(self._data_dir, child.name)
        return record is not None and is_alive(record.pid, record.born)

    def _stop_all(self) -> None:
        for child in self._children:
            self._signal(child, child.stop_signal)
        for child in self._children:
            self._end(child)

    def _end(self, child: Child) -> None:
        """Stops a child; kills one that does not stop."""
        self._signal(child, child.stop_signal)
        deadline = time.monotonic() + _STOP
        while self._is_running(child):
            if time.monotonic() > deadline:
                self._signal(child, signal.SIGKILL)
            time.sleep(0.02)
        self._processes.pop(child.name, None)
        _record_path(self._data_dir, child.name).unlink(missing_ok=True)

    def _signal(self, child: Child, number: int) -> None:
        record = _read(self._data_dir, child.name)
        if record is not None and self._is_running(child):
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.pid, number)


def running_pids(data_dir: Path, names: Sequence[str]) -> dict[str, int]:
    """The process of each child that runs just now."""
    records = {name: _read(data_dir, name) for name in names}
    return {
        name: record.pid
        for name, record in records.items()
        if record is not None and is_alive(record.pid, record.born)
    }


def is_alive(pid: int, born: str) -> bool:
    """Whether the process ``pid`` runs and is the one born then."""
    return bool(born) and birth(pid) == born


def birth(pid: int) -> str:
    """When a process began, in the system's own words; empty where there is none."""
    if not sys.platform.startswith("linux"):
        asked = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name before may hold blanks
    return "" if fields[0] in "ZX" else f"{boot} {fields[19]}"


def last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "it wrote no log"
    said = [line for line in lines[-20:] if line.strip()]
    return f"{said[-1].strip()} (more in {log})" if said else f"nothing is said in {log}"


def _record_path(data_dir: Path, name: str) -> Path:
    return data_dir / "run" / f"{name}.json"


def _read(data_dir: Path, name: str) -> _Record | None:
    try:
        return msgspec.json.decode(_record_path(data_dir, name).read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError):
        return None
