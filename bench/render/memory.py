"""Peak memory of a whole `ecg render`, all its processes together, at one minute and at sixty."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.render import clips
from bench.render.bench import ROOT, SIZES, Bench, Section, table
from bench.render.clips import MINUTE
from bench.render.processes import Peak, watching

SMALL = (320, 180)
"""The picture of the hour: its length is what is asked about, and it should take minutes."""
LONG = 60
_MB = 1e6


def memory(bench: Bench) -> Section:
    """A row each for a minute of the full size, and a minute and an hour of a small one."""
    small = bench.clip(SMALL, MINUTE)
    wanted = [(size, bench.clip(size, MINUTE), 1) for size in SIZES]
    wanted += [(SMALL, small, 1), (SMALL, clips.longer(small, LONG), LONG)]
    rows = []
    for size, source, minutes in wanted:
        with bench.alone():
            peak, seconds = _watched(bench, source, minutes * MINUTE)
        rows.append(
            [
                f"{minutes} min of {size[0]} × {size[1]}",
                f"**{peak.greatest / _MB:.0f} MB**",
                ", ".join(f"{part / _MB:.0f}" for part in _quarters(peak.samples)),
                f"{minutes * MINUTE / seconds:.1f}",
            ]
        )
    head = ["`ecg render --quality draft`", "peak", "peak in each quarter, MB", "× real time"]
    return Section(table(head, rows))


def _watched(bench: Bench, source: Path, seconds: int) -> tuple[Peak, float]:
    words = bench.document(bench.styles[0], seconds)
    command = [sys.executable, "-m", "ecg", "render", source, words, "--quality", "draft"]
    begun = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as kept,
        subprocess.Popen(
            [*command, "-o", bench.scratch / "memory.mp4"],
            cwd=ROOT,
            env={**os.environ, "ECG_SEGMENTS_DIR": kept},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running,
        watching(running.pid) as peak,
    ):
        if running.wait():
            raise RuntimeError(f"rendering {source.name} failed")
    return peak, time.perf_counter() - begun


def _quarters(samples: list[int]) -> list[int]:
    step = max(1, -(-len(samples) // 4))
    return [max(samples[first : first + step]) for first in range(0, len(samples), step)]
