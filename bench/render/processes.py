"""What a tree of processes holds and does, read from /proc."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

TICK = os.sysconf("SC_CLK_TCK")


class Thread(msgspec.Struct, frozen=True):
    """``name`` is the kernel's, ``process`` what the process is; ``seconds`` of CPU so far."""

    process: str
    name: str
    seconds: float
    first: bool


def tree(root: int) -> list[int]:
    """``root`` and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if fields := _stat(folder):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def proportional_set(root: int) -> int:
    """Bytes of the tree, each shared page counted by its share (PSS)."""
    return sum(proportional_sets(root).values())


def proportional_sets(root: int) -> dict[str, int]:
    """The same for each kind of process."""
    found: dict[str, int] = {}
    for pid in tree(root):
        kind = "command" if pid == root else _what(pid)
        found[kind] = found.get(kind, 0) + _pss(pid)
    return found


class Work:
    """CPU seconds that a tree of processes has spent."""

    def __init__(self) -> None:
        self.seconds = 0.0


@contextmanager
def working(root: int, every: float = 0.5) -> Generator[Work]:
    """CPU seconds of the tree while the block runs, of processes that end before it too."""
    work, before, over = Work(), _spent(root), threading.Event()
    latest = dict(before)

    def watch() -> None:
        while not over.wait(every):
            latest.update(_spent(root))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield work
    finally:
        over.set()
        thread.join()
        latest.update(_spent(root))
        work.seconds = sum(latest.values()) - sum(before.values())


class Peak:
    """Every PSS seen, the greatest of them, and which processes made that up."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self.parts: dict[str, int] = {}

    @property
    def greatest(self) -> int:
        return max(self.samples, default=0)

    def add(self, parts: dict[str, int]) -> None:
        held = sum(parts.values())
        if held > self.greatest:
            self.parts = parts
        self.samples.append(held)


@contextmanager
def watching(root: int, every: float = 0.2) -> Generator[Peak]:
    """Samples the tree's PSS while the block runs."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(every):
            peak.add(proportional_sets(root))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


@contextmanager
def clocking(root: int, every: float = 0.25) -> Generator[dict[tuple[int, int], Thread]]:
    """CPU seconds that each thread of the tree spends while the block runs, those that end
    before it included; keyed by (process, thread)."""
    before, spent = threads(root), {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(every):
            seen.update(threads(root))

    seen: dict[tuple[int, int], Thread] = {}
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield spent
    finally:
        over.set()
        thread.join()
        seen.update(threads(root))
        for key, now in seen.items():
            earlier = before[key].seconds if key in before else 0.0
            spent[key] = msgspec.structs.replace(now, seconds=now.seconds - earlier)


def threads(root: int) -> dict[tuple[int, int], Thread]:
    found = {}
    for pid in tree(root):
        what = _what(pid)
        for folder in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            if fields := _stat(folder):
                seconds = (int(fields[11]) + int(fields[12])) / TICK
                tid = int(folder.name)
                found[pid, tid] = Thread(what, _name(folder), seconds, pid == tid)
    return found


def _spent(root: int) -> dict[int, float]:
    fields = ((pid, _stat(Path(f"/proc/{pid}"))) for pid in tree(root))
    return {pid: (int(found[11]) + int(found[12])) / TICK for pid, found in fields if found}


def _what(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    words = [part for word in words for part in word.split(" ")]
    for word in words:
        if word.startswith("--type="):
            return f"Chromium {word.removeprefix('--type=')}"
    program = Path(words[0]).name
    return "Chromium main" if "chrom" in program else program


def _name(folder: Path) -> str:
    try:
        return (folder / "comm").read_text().strip()
    except OSError:
        return "gone"


def _stat(folder: Path) -> list[str]:
    """The fields after the name, from the state on; none for a process that has ended."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
