"""What an analysis costs beside faster-whisper alone, in turns, each in a process of its own that
has heard something before."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np

from bench.speech.hearing import MEDIA, alone, ecg, fixture, scratch
from bench.speech.table import Row
from ecg.analysis.app import ENVIRONMENT
from ecg.analysis.engine.decode import RATE

RATIO = 1.25
MEMORY = 800
"""MB resident, which is what the engine's process alone holds and a few MB of shared libraries."""
FLAT = 100
"""MB that a longer file may take more."""


def rows(rounds: int) -> list[Row]:
    found: list[Row] = []
    for name in ("jfk", "conv_mf2", "conv_m3"):
        spent = {"alone": _Spent(), "ecg": _Spent()}
        for _ in range(rounds):
            for way, one in spent.items():
                one.add(*_measured(way, MEDIA / f"{name}.flac"))
        found += _told(name, len(fixture(name)) / RATE, spent["ecg"], spent["alone"])
    return found


def length_rows(minutes: Sequence[int]) -> list[Row]:
    """The memory that files of so many minutes take."""
    found: list[Row] = []
    shortest = None
    with scratch() as folder:
        for length in sorted(minutes):
            path = _long(Path(folder) / f"{length}.wav", length * 60)
            wall, cpu, memory = _measured("ecg", path)
            path.unlink()
            shortest = memory if shortest is None else shortest
            most = min(MEMORY, shortest + FLAT)
            told = (
                f"{memory:.0f} MB, {wall / length / 60:.3f} s per second, {cpu:.0f} s of processor"
            )
            bound = f"≤{MEMORY} MB and {FLAT} above the shortest"
            found.append(Row(f"{length} minutes", told, "", bound, memory <= most))
    return found


def _long(path: Path, seconds: int) -> Path:
    """Conversations, a speech, music and silence, over and over."""
    names = ("conv_mf2", "conv_m3", "jfk", "synthetic_music24", "silence5")
    parts = [(np.clip(fixture(name), -1, 1) * 32767).astype("<i2").tobytes() for name in names]
    left = 2 * RATE * seconds
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for part in cycle(parts):
            file.writeframes(part[:left])
            left -= len(part)
            if left <= 0:
                return path
    return path


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
    line = f"{name}, peak memory"
    bound = f"≤{MEMORY} MB"
    rows.append(Row(line, f"{most:.0f} MB", f"{other:.0f} MB", bound, most <= MEMORY))
    return rows


def _measured(way: str, source: Path) -> tuple[float, float, float]:
    """Wall and processor seconds of the second hearing, and its peak in MB."""
    command = [sys.executable, "-m", "bench.speech.cost", way, str(source)]
    own = ENVIRONMENT if way == "ecg" else {}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **own}
    )
    wall, cpu, peak = map(float, done.stdout.split()[-3:])
    return wall, cpu, peak


def _main(way: str, source: str) -> None:
    hear = {"alone": alone, "ecg": ecg}[way]
    hear(MEDIA / "jfk.flac")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    clock, begun = time.perf_counter(), os.times()
    hear(Path(source))
    wall, now = time.perf_counter() - clock, os.times()
    cpu = now.user + now.system - begun.user - begun.system
    sys.stdout.write(f"{wall} {cpu} {_peak()}\n")


def _peak() -> float:
    """The most that this process has held, MB, by the kernel: samples of 0.2 s are 40 MB lower over
    minutes, and less over hours."""
    said = Path("/proc/self/status").read_text()
    return int(said.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    _main(*sys.argv[1:])
