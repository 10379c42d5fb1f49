"""Render ÷ floor, warm and as whole cold processes, and captioning cost per frame against a
pipe that takes a screenshot of every frame."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from bench.render.bench import SIZES, Bench, Run, Section, python, spread, table, timed
from bench.render.clips import FPS, MINUTE
from bench.render.floor import transcode
from bench.render.pipe import screenshot_pipe
from bench.render.script import scenario
from bench.render.warm import WarmEngine
from ecg.render.interfaces import RenderJob

SHORT = 20
"""Seconds of the same video and words that the screenshot pipe gets: it takes minutes."""

Pairs = list[tuple[Run, Run]]
"""A render, and the floor of its own output."""


def ratio(bench: Bench) -> Section:
    """Warm and cold ÷ floor; captions' cost per frame."""
    rows, costs = [], []
    for size in SIZES:
        for style in bench.styles:
            name = f"{size[0]} × {size[1]}, {style}"
            warm = _warm(bench, size, style)
            rows.append([name, "warm", *_quotients(warm)])
            if style == bench.styles[0]:
                rows.append([name, "whole process", *_quotients(_cold(bench, size, style))])
            costs.append([name, *_costs(warm, _screenshots(bench, size, style))])
    head = ["60 s of", "", "floor, s", "ECG, s", "ECG ÷ floor", "CPU ÷ floor's"]
    cost_head = ["60 s of", "ECG, ms", "a screenshot per frame, ms", "share", "share of CPU"]
    return Section(
        f"{table(head, rows)}\n\nWhat captions add to each frame, (whole − floor) ÷ frames:\n\n"
        f"{table(cost_head, costs)}"
    )


def _warm(bench: Bench, size: tuple[int, int], style: str) -> Pairs:
    source, job = bench.clip(size, MINUTE), RenderJob(scenario(style, MINUTE))
    output, again = bench.scratch / "warm.mp4", bench.scratch / "floor.mp4"
    with WarmEngine() as engine:
        engine.run(RenderJob(scenario(style, 2)), bench.clip(size, 2), output)
        return _pairs(
            bench,
            lambda: timed(lambda: engine.run(job, source, output)),
            lambda: timed(lambda: transcode(output, again)),
        )


def _cold(bench: Bench, size: tuple[int, int], style: str) -> Pairs:
    source, words = bench.clip(size, MINUTE), bench.document(style, MINUTE)
    output, again = bench.scratch / "cold.mp4", bench.scratch / "floor.mp4"
    return _pairs(
        bench,
        lambda: python("ecg", "render", source, words, "-o", output),
        lambda: python("bench.render.floor", output, again),
    )


def _screenshots(bench: Bench, size: tuple[int, int], style: str) -> Pairs:
    source = bench.clip(size, SHORT)
    output, again = bench.scratch / "pipe.mp4", bench.scratch / "floor.mp4"
    return _pairs(
        bench,
        lambda: timed(lambda: screenshot_pipe(source, style, SHORT, output)),
        lambda: timed(lambda: transcode(output, again)),
    )


def _pairs(bench: Bench, one: Callable[[], Run], other: Callable[[], Run]) -> Pairs:
    found: Pairs = []
    for _ in range(bench.repeats):
        with bench.alone():
            found.append((one(), other()))
    return found


def _quotients(pairs: Pairs) -> list[str]:
    return [
        spread([floor.wall for _, floor in pairs], ".1f"),
        spread([run.wall for run, _ in pairs], ".1f"),
        f"**{spread([run.wall / floor.wall for run, floor in pairs])}**",
        spread([run.cpu / floor.cpu for run, floor in pairs]),
    ]


def _costs(ours: Pairs, theirs: Pairs) -> list[str]:
    mine = [1e3 * (run.wall - floor.wall) / (MINUTE * FPS) for run, floor in ours]
    other = [1e3 * (run.wall - floor.wall) / (SHORT * FPS) for run, floor in theirs]
    my_cpu = statistics.median((run.cpu - floor.cpu) / MINUTE for run, floor in ours)
    other_cpu = statistics.median((run.cpu - floor.cpu) / SHORT for run, floor in theirs)
    share = statistics.median(other) / statistics.median(mine)
    return [spread(mine), spread(other, ".0f"), f"**1/{share:.0f}**", f"1/{other_cpu / my_cpu:.0f}"]
