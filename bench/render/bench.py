"""What every part of the benchmark shares: its arguments, its folders, its table cells."""

from __future__ import annotations

import fcntl
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.render import clips
from bench.render.processes import working
from bench.render.script import scenario
from ecg.captions.document import encode

SIZES = ((1920, 1080), (1080, 1920))
ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench/out/render"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ecg/bench"
"""Made videos and installed peers: outside the tree, and kept."""


class Bench(msgspec.Struct, frozen=True):
    """``repeats`` alternating runs; ``scratch`` is a folder for their outputs. Each pair is
    measured under an exclusive lock of ``lock``, where a machine is shared."""

    repeats: int
    styles: tuple[str, ...]
    scratch: Path
    lock: Path | None = None

    @contextmanager
    def alone(self) -> Generator[None]:
        if self.lock is None:
            yield
            return
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def clip(self, size: tuple[int, int], seconds: int) -> Path:
        folder = CACHE / "clips"
        folder.mkdir(parents=True, exist_ok=True)
        with self.alone():
            return clips.clip(folder, *size, seconds)

    def document(self, style: str, seconds: int) -> Path:
        """The scenario as a file."""
        path = self.scratch / f"{style}-{seconds}.scenario.json"
        path.write_bytes(encode(scenario(style, seconds)))
        return path


class Section(msgspec.Struct, frozen=True):
    """What one part found: Markdown, and the figures that the chart takes from it."""

    text: str
    figures: dict[str, float] = {}


class Run(msgspec.Struct, frozen=True):
    """Seconds by the clock, and of CPU over all processes: what a busy machine distorts least."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Run:
    """What ``work`` takes, here and in all processes below this one."""
    begun = time.perf_counter()
    with working(os.getpid()) as done:
        work()
        wall = time.perf_counter() - begun
    return Run(wall, done.seconds)


def process(*command: str | Path, environment: dict[str, str] | None = None) -> Run:
    """A whole process, which must succeed."""
    return timed(
        lambda: subprocess.run(
            [str(part) for part in command],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
    )


def python(module: str, *arguments: str | Path) -> Run:
    """A whole process of this Python, which finds nothing kept of an earlier render."""
    with tempfile.TemporaryDirectory() as kept:
        environment = {"ECG_SEGMENTS_DIR": kept}
        return process(sys.executable, "-m", module, *arguments, environment=environment)


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median, and the least and greatest."""
    middle = format(statistics.median(values), form)
    if len(values) == 1:
        return middle
    return f"{middle} ({format(min(values), form)} – {format(max(values), form)})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
