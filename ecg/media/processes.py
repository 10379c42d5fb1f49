"""The processes that an engine starts: a browser, which is many."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_COUNTED = ("RssAnon:", "RssShmem:")
_ROUNDS = 100


async def end_left_behind(folder: Path) -> None:
    """Kills what a child has left behind. A browser leads a session of its own, so only the
    folder that it was started in tells whose it is."""
    for _ in range(_ROUNDS):
        left = _started_in(folder)
        if not left:
            return
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        await asyncio.sleep(0.01)


def descendants(process: int | None = None) -> set[int]:
    """Ids of every process below ``process`` (this one); none where the system does not tell."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").glob("[0-9]*")}
    begin = os.getpid() if process is None else process
    found, grown = {begin}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found - {begin}


def held_memory(processes: Iterable[int]) -> int:
    """Bytes that ``processes`` hold of their own or share with each other, what two share
    counted twice."""
    return sum(_held(Path(f"/proc/{process}/status")) for process in processes)


def free_processor(processes: Iterable[int]) -> None:
    """Lifts the limit of processor time from ``processes``: a browser outlives the calls that
    the limit is meant for."""
    if sys.platform != "linux":
        return
    for child in processes:
        with suppress(ProcessLookupError):
            hard = resource.prlimit(child, resource.RLIMIT_CPU)[1]
            resource.prlimit(child, resource.RLIMIT_CPU, (hard, hard))


def _started_in(folder: Path) -> list[int]:
    real = str(folder.resolve())
    return [
        int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _working_folder(entry) == real
    ]


def _working_folder(process: Path) -> str:
    try:
        return str((process / "cwd").readlink())
    except OSError:
        return ""


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return 0


def _held(status: Path) -> int:
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(_COUNTED))
