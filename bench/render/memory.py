"""Peak memory of a whole `ecg render`, all its processes together, at one minute and at sixty,
beside that of decoding and encoding alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
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
            words = bench.document(bench.styles[0], minutes * MINUTE)
            render = ["ecg", "render", source, words, "--quality", "draft", "-o"]
            peak, seconds = _watched(bench, render)
            floor, _ = _watched(bench, ["bench.render.floor", source])
        rows.append(
            [
                f"{minutes} min of {size[0]} × {size[1]}",
                f"**{peak.greatest / _MB:.0f} MB**",
                ", ".join(f"{part / _MB:.0f}" for part in _quarters(peak.samples)),
                ", ".join(f"{kind} {held / _MB:.0f}" for kind, held in _kinds(peak.parts)),
                f"{floor.greatest / _MB:.0f} MB",
                f"{minutes * MINUTE / seconds:.1f}",
            ]
        )
    head = [
        "`ecg render --quality draft`", "peak", "peak in each quarter, MB", "of what, MB",
        "decoding and encoding alone", "× real time",
    ]  # fmt: skip
    return Section(table(head, rows))


def _kinds(parts: dict[str, int]) -> list[tuple[str, int]]:
    """The command, the engine, the browser's driver, the browser."""
    names = {"command": "command", "python": "engine", "node": "driver"}
    found = dict.fromkeys([*names.values(), "browser"], 0)
    for kind, held in parts.items():
        found[names.get(kind, "browser")] += held
    return list(found.items())


def _watched(bench: Bench, module: Sequence[str | Path]) -> tuple[Peak, float]:
    """``python -m`` with the words of ``module`` and the name of a result at the end."""
    begun = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as kept,
        subprocess.Popen(
            [sys.executable, "-m", *module, bench.scratch / "memory.mp4"],
            cwd=ROOT,
            env={**os.environ, "ECG_SEGMENTS_DIR": kept},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running,
        watching(running.pid) as peak,
    ):
        if running.wait():
            raise RuntimeError(f"{module[0]} failed")
    return peak, time.perf_counter() - begun


def _quarters(samples: list[int]) -> list[int]:
    step = max(1, -(-len(samples) // 4))
    return [max(samples[first : first + step]) for first in range(0, len(samples), step)]
