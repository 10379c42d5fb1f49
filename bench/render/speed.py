"""Render ÷ floor, warm and as whole cold processes, and captioning cost per frame against a
pipe that takes a screenshot of every frame."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from bench.render.bench import SIZES, Bench, Run, Section, python, spread, table, timed
from bench.render.clips import FPS, MINUTE
from bench.render.floor import transcode
from bench.render.pipe import screenshot_pipe
from bench.render.script import scenario
from bench.render.warm import WarmEngine
from ecg.render.interfaces import RenderJob

SHORT = 20
"""Seconds of the same video and words that the screenshot pipe gets: it takes minutes."""

Turns = list[tuple[Run, ...]]
"""A render, the floor of its own output, and that of its source: of what any tool must do."""


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
    head += ["source's floor, s", "ECG ÷ it", "CPU ÷ its"]
    cost_head = ["60 s of", "ECG, ms", "a screenshot per frame, ms", "share", "share of CPU"]
    cost_head += ["ECG − source's floor, ms"]
    return Section(
        f"{table(head, rows)}\n\nWhat captions add to each frame, (whole − floor) ÷ frames:\n\n"
        f"{table(cost_head, costs)}"
    )


def _warm(bench: Bench, size: tuple[int, int], style: str) -> Turns:
    source, job = bench.clip(size, MINUTE), RenderJob(scenario(style, MINUTE))
    output, again = bench.scratch / "warm.mp4", bench.scratch / "floor.mp4"
    with WarmEngine() as engine:
        engine.run(RenderJob(scenario(style, 2)), bench.clip(size, 2), output)
        return _turns(
            bench,
            lambda: timed(lambda: engine.run(job, source, output)),
            lambda: timed(lambda: transcode(output, again)),
            lambda: timed(lambda: transcode(source, again)),
        )


def _cold(bench: Bench, size: tuple[int, int], style: str) -> Turns:
    source, words = bench.clip(size, MINUTE), bench.document(style, MINUTE)
    output, again = bench.scratch / "cold.mp4", bench.scratch / "floor.mp4"
    return _turns(
        bench,
        lambda: python("ecg", "render", source, words, "-o", output),
        lambda: python("bench.render.floor", output, again),
        lambda: python("bench.render.floor", source, again),
    )


def _screenshots(bench: Bench, size: tuple[int, int], style: str) -> Turns:
    source = bench.clip(size, SHORT)
    output, again = bench.scratch / "pipe.mp4", bench.scratch / "floor.mp4"
    return _turns(
        bench,
        lambda: timed(lambda: screenshot_pipe(source, style, SHORT, output)),
        lambda: timed(lambda: transcode(output, again)),
    )


def _turns(bench: Bench, *runs: Callable[[], Run]) -> Turns:
    found: Turns = []
    for _ in range(bench.repeats):
        with bench.alone():
            found.append(tuple(run() for run in runs))
    return found


def _quotients(turns: Turns) -> list[str]:
    ours, own, source = zip(*turns, strict=True)
    return [
        spread([run.wall for run in own], ".1f"),
        spread([run.wall for run in ours], ".1f"),
        *_shares(ours, own),
        spread([run.wall for run in source], ".1f"),
        *_shares(ours, source),
    ]


def _shares(ours: Sequence[Run], floors: Sequence[Run]) -> list[str]:
    pairs = list(zip(ours, floors, strict=True))
    return [
        f"**{spread([run.wall / floor.wall for run, floor in pairs])}**",
        spread([run.cpu / floor.cpu for run, floor in pairs]),
    ]


def _costs(ours: Turns, theirs: Turns) -> list[str]:
    mine, source = (
        [1e3 * (turn[0].wall - turn[floor].wall) / (MINUTE * FPS) for turn in ours]
        for floor in (1, 2)
    )
    other = [1e3 * (run.wall - floor.wall) / (SHORT * FPS) for run, floor in theirs]
    my_cpu = statistics.median((turn[0].cpu - turn[1].cpu) / MINUTE for turn in ours)
    other_cpu = statistics.median((run.cpu - floor.cpu) / SHORT for run, floor in theirs)
    share = statistics.median(other) / statistics.median(mine)
    return [
        spread(mine),
        spread(other, ".0f"),
        f"**1/{share:.0f}**",
        f"1/{other_cpu / my_cpu:.0f}",
        spread(source),
    ]
