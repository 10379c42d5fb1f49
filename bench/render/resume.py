"""A render that is killed and goes on, and one whose scenario changes by a word."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

from bench.render import clips
from bench.render.bench import Bench, Run, Section, table, timed
from bench.render.clips import MINUTE
from bench.render.processes import tree
from bench.render.script import RATE, scenario
from bench.render.warm import WarmEngine
from ecg.kernel.errors import EngineCrashed
from ecg.render.interfaces import RenderJob, RenderProgress, RenderResult

SIZE = (640, 360)
"""Small, so that three renders of ten minutes take minutes."""
MINUTES = 10
KILLED_AT = 0.7


def resume(bench: Bench) -> Section:
    """Ten minutes: unbroken, killed at 70 % and resumed, and again with one word changed."""
    source = clips.longer(bench.clip(SIZE, MINUTE), MINUTES)
    seconds = MINUTES * MINUTE
    job = RenderJob(scenario(bench.styles[0], seconds))
    edited = RenderJob(scenario(bench.styles[0], seconds, changed=seconds * RATE // 2))
    folders = [bench.scratch / name for name in ("unbroken", "killed")]
    outputs = [bench.scratch / f"{name}.mp4" for name in ("whole", "resumed", "edited")]
    with WarmEngine() as engine, bench.alone():
        whole, all_of_it = _run(engine, job, source, outputs[0], folders[0])
        killed, done = _killed(engine, job, source, outputs[1], folders[1])
        resumed, again = _run(engine, job, source, outputs[1], folders[1])
        changed, little = _run(engine, edited, source, outputs[2], folders[0])
    frames, encoded = all_of_it.frames, done + again.frames - again.kept
    work = f"**{encoded / frames:.3f}**, CPU **{(killed.cpu + resumed.cpu) / whole.cpu:.3f}**"
    rows = [
        _row("unbroken", frames, [whole], "1"),
        _row("killed at 70 %", done, [killed], ""),
        _row("resumed", again.frames - again.kept, [resumed], ""),
        _row("both together", encoded, [killed, resumed], work),
        _row(
            "one word changed",
            little.frames - little.kept,
            [changed],
            f"time **{changed.wall / whole.wall:.1%}**, CPU {changed.cpu / whole.cpu:.1%}",
        ),
    ]
    head = [f"{MINUTES} min of {SIZE[0]} × {SIZE[1]}", "frames encoded", "s", "CPU s", "÷ unbroken"]
    same = _digest(outputs[0]) == _digest(outputs[1])
    verdict = "equal to" if same else "**not** equal to"
    return Section(
        f"{table(head, rows)}\n\nThe resumed file's bytes are {verdict} the unbroken one's."
    )


def _row(name: str, encoded: int, runs: list[Run], last: str) -> list[str]:
    wall, cpu = sum(run.wall for run in runs), sum(run.cpu for run in runs)
    return [name, f"{encoded}", f"{wall:.1f}", f"{cpu:.1f}", last]


def _run(
    engine: WarmEngine, job: RenderJob, source: Path, output: Path, segments: Path
) -> tuple[Run, RenderResult]:
    results: list[RenderResult] = []
    took = timed(lambda: results.append(engine.run(job, source, output, segments)))
    return took, results[0]


def _killed(
    engine: WarmEngine, job: RenderJob, source: Path, output: Path, segments: Path
) -> tuple[Run, int]:
    """Ends the engine's process by force; what it took, and the frames that were encoded."""
    reached: list[int] = []

    def on_progress(event: RenderProgress) -> None:
        if event.stage == "render" and event.frame >= KILLED_AT * event.total and not reached:
            reached.append(event.frame)
            os.kill(_engine_process(), signal.SIGKILL)

    def work() -> None:
        try:
            engine.run(job, source, output, segments, on_progress)
        except EngineCrashed:
            return
        raise RuntimeError("the render ended before it could be killed")

    took = timed(work)
    return took, reached[0]


def _engine_process() -> int:
    for pid in tree(os.getpid()):
        if b"ecg.render.engine" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise RuntimeError("no engine is running")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
