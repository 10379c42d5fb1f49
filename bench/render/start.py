"""How long a cold worker takes to its first render."""

from __future__ import annotations

from bench.render.bench import Bench, Section, spread, table, timed
from bench.render.script import scenario
from bench.render.warm import WarmEngine
from ecg.render.interfaces import RenderJob

SIZE = (640, 360)
SECONDS = 2


def start(bench: Bench) -> Section:
    """The first render of an engine less the same one again: the child's start, its imports,
    the browser's start and the page's first load."""
    source, job = bench.clip(SIZE, SECONDS), RenderJob(scenario(bench.styles[0], SECONDS))
    output = bench.scratch / "start.mp4"
    firsts, seconds = [], []
    for _ in range(bench.repeats + 1):
        with bench.alone(), WarmEngine() as engine:
            firsts.append(timed(lambda: engine.run(job, source, output)).wall)
            seconds.append(timed(lambda: engine.run(job, source, output)).wall)
    cold = [first - second for first, second in zip(firsts[1:], seconds[1:], strict=True)]
    name = f"{SECONDS} s of {SIZE[0]} × {SIZE[1]}"
    head = [name, "first render, s", "the same again, s", "start, s"]
    return Section(
        table(head, [["", spread(firsts[1:]), spread(seconds[1:]), f"**{spread(cold)}**"]])
    )
