"""What rendering costs: ``python -m bench.render [PART...] [--repeats N]``.

Without a part, all of them. Each prints Markdown, and docs/benchmarks.md is written anew from
all that were measured on this machine. The videos and the other tools are made and installed
into the user's cache folder at the first run.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.render.bench import Bench
from bench.render.memory import memory
from bench.render.report import TITLES, keep, write
from bench.render.resume import resume
from bench.render.schedule import schedule
from bench.render.speed import ratio
from bench.render.start import start
from bench.render.whole import whole
from ecg.captions.styles import list_styles

PARTS = {
    "ratio": ratio,
    "whole": whole,
    "start": start,
    "memory": memory,
    "resume": resume,
    "schedule": schedule,
}
STYLES = ("intention", "bounce")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.render", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--repeats", type=int, default=5, help="alternating runs of each line")
    parser.add_argument("--lock", type=Path, help="measure each pair under this file's lock")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    there = {style.name for style in list_styles()}
    with tempfile.TemporaryDirectory() as scratch:
        styles = tuple(style for style in STYLES if style in there)
        bench = Bench(max(1, asked.repeats), styles, Path(scratch), asked.lock)
        for name in asked.parts or PARTS:
            section = PARTS[name](bench)
            print(f"\n## {TITLES[name]}\n\n{section.text}", flush=True)
            keep(name, section, bench.repeats)
            write()


if __name__ == "__main__":
    main()
