"""What an analysis costs beside faster-whisper alone, in turns, each in a process of its own that
has heard something before."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from bench.render.processes import watching
from bench.speech.hearing import MEDIA, alone, ecg, fixture
from bench.speech.table import Row
from ecg.analysis.engine.decode import RATE

RATIO = 1.25
MEMORY = 800
"""MB of the process tree, shared pages by their share."""


def rows(rounds: int) -> list[Row]:
    found: list[Row] = []
    for name in ("jfk", "conv_mf2", "conv_m3"):
        spent = {"alone": _Spent(), "ecg": _Spent()}
        for _ in range(rounds):
            for way, one in spent.items():
                one.add(*_measured(way, name))
        found += _told(name, len(fixture(name)) / RATE, spent["ecg"], spent["alone"])
    return found


class _Spent:
    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.memory: list[float] = []

    def add(self, wall: float, cpu: float, memory: float) -> None:
        self.wall.append(wall)
        self.cpu.append(cpu)
        self.memory.append(memory)


def _told(name: str, seconds: float, ours: _Spent, theirs: _Spent) -> list[Row]:
    rows: list[Row] = []
    for what in ("wall", "cpu"):
        mine, peer = (statistics.median(getattr(one, what)) for one in (ours, theirs))
        ratio = mine / peer
        told = f"{mine / seconds:.3f} s per second, ratio {ratio:.2f}"
        line = f"{name}, {'wall time' if what == 'wall' else 'processor time'}"
        met = ratio <= RATIO if what == "wall" else None
        bound = f"≤{RATIO} x" if what == "wall" else ""
        rows.append(Row(line, told, f"{peer / seconds:.3f} s per second", bound, met))
    most, other = max(ours.memory), max(theirs.memory)
    line = f"{name}, peak memory (PSS)"
    bound = f"≤{MEMORY} MB"
    rows.append(Row(line, f"{most:.0f} MB", f"{other:.0f} MB", bound, most <= MEMORY))
    return rows


def _measured(way: str, name: str) -> tuple[float, float, float]:
    """Wall and processor seconds of the second hearing, and the peak of all in MB."""
    command = [sys.executable, "-m", "bench.speech.cost", way, name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with watching(process.pid, every=0.1) as peak:
        said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed")
    wall, cpu = map(float, said.split()[-2:])
    return wall, cpu, peak.greatest / 1e6


def _main(way: str, name: str) -> None:
    hear = {"alone": alone, "ecg": ecg}[way]
    hear(MEDIA / "jfk.flac")
    clock, begun = time.perf_counter(), os.times()
    hear(MEDIA / f"{name}.flac")
    now = os.times()
    cpu = now.user + now.system - begun.user - begun.system
    sys.stdout.write(f"{time.perf_counter() - clock} {cpu}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
