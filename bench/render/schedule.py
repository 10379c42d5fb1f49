"""What the render could do if encoding were free, and what each thread does when it is not."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from collections import defaultdict
from pathlib import Path

from bench.render.bench import SIZES, Bench, Section, spread, table, timed
from bench.render.clips import MINUTE
from bench.render.processes import Thread, clocking
from bench.render.script import scenario
from ecg.kernel.settings import load_settings
from ecg.media.opened import open_media
from ecg.media.served import Context
from ecg.render.browsers import find_browser
from ecg.render.engine.browser import Browser
from ecg.render.engine.composite import composited
from ecg.render.engine.encode import decoded
from ecg.render.engine.plan import Span
from ecg.render.engine.run import captured, prepare, render
from ecg.render.interfaces import RenderJob

LEAST = 0.005
"""Of one core; threads that do less are counted together."""


def schedule(bench: Bench) -> Section:
    """Both, for each size in the first style, in this process with a warm browser."""
    browser = Browser(find_browser(load_settings().settings.browser))
    try:
        return Section("\n\n".join(_of(bench, browser, size) for size in SIZES))
    finally:
        browser.close()


def _of(bench: Bench, browser: Browser, size: tuple[int, int]) -> str:
    source, job = bench.clip(size, MINUTE), RenderJob(scenario(bench.styles[0], MINUTE))
    output = bench.scratch / "schedule.mp4"
    first = RenderJob(scenario(bench.styles[0], 2))
    _render(browser, first, bench.clip(size, 2), output)
    speeds = []
    for _ in range(bench.repeats):
        with bench.alone():
            speeds.append(MINUTE / timed(lambda: _without_encoder(browser, job, source)).wall)
    with bench.alone(), clocking(os.getpid()) as spent:
        named = {thread.native_id: thread.name for thread in threading.enumerate()}
        wall = timed(lambda: _render(browser, job, source, output)).wall
    head = [f"{size[0]} × {size[1]}, {wall:.1f} s: thread", "CPU s", "busy"]
    speed = f"With a null encoder: **{spread(speeds, '.1f')} × real time**."
    return f"{table(head, _rows(spent, named, wall))}\n\n{speed}"


def _render(browser: Browser, job: RenderJob, source: Path, output: Path) -> None:
    with tempfile.TemporaryDirectory() as segments:
        render(browser, job, source, output, Path(segments), Context(io.BytesIO()))


def _without_encoder(browser: Browser, job: RenderJob, source: Path) -> None:
    task = prepare(job, source)
    span = Span(0, len(task.drawing.times.pts))
    with (
        captured(browser, task.drawing, [span], lambda: None) as states,
        open_media(source) as container,
    ):
        picture = container.streams.video[0]
        frames = decoded(container, picture, task.drawing.times, 0)
        numbered = ((task.number(frame), frame) for frame in frames)
        for _ in composited(numbered, span, states.patch, task.overlay):
            pass


def _rows(
    spent: dict[tuple[int, int], Thread], named: dict[int | None, str], wall: float
) -> list[list[str]]:
    by_role: dict[str, list[float]] = defaultdict(list)
    for (_, tid), thread in spent.items():
        by_role[_role(thread, named.get(tid))].append(thread.seconds)
    rows, rest = [], 0.0
    for role, seconds in sorted(by_role.items(), key=lambda item: -sum(item[1])):
        busy = [value for value in seconds if value > LEAST * wall]
        if not busy:
            rest += sum(seconds)
            continue
        count = f" × {len(busy)}" if len(busy) > 1 else ""
        rows.append([role + count, f"{sum(seconds):.1f}", f"{sum(seconds) / wall:.0%}"])
    total = sum(thread.seconds for thread in spent.values())
    rows.append(["the rest", f"{rest:.1f}", f"{rest / wall:.0%}"])
    rows.append([f"all, of {os.cpu_count()} cores", f"{total:.1f}", f"{total / wall:.0%}"])
    return rows


def _role(thread: Thread, python_name: str | None) -> str:
    """What a thread does, by its name or by what is known of its process."""
    if thread.process.startswith("Chromium"):
        return thread.process + (" (its main thread)" if thread.first else "")
    if thread.process.startswith("node"):
        return "Playwright's driver (Node.js)"
    if thread.name.startswith("av:"):
        return "decoder"
    if python_name == "MainThread":
        return "main loop: blend, feeding decoder and encoder"
    if python_name is not None:
        return "browser's event loop: patches received" if "run_forever" in python_name else "bench"
    return "encoder (x264)"
