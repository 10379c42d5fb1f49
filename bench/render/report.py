"""From what was measured to docs/benchmarks.md and its chart."""

from __future__ import annotations

import datetime as dt
import html
import os
import platform
from importlib import metadata
from pathlib import Path

import msgspec

from bench.render.bench import RESULTS, ROOT, Section

DOCUMENT = ROOT / "docs/benchmarks.md"
CHART = ROOT / "docs/images/benchmark-render.svg"
TITLES = {
    "ratio": "Against decoding and encoding alone",
    "whole": "Against other tools",
    "start": "A cold worker",
    "memory": "Memory",
    "resume": "Killed, resumed, changed",
    "schedule": "Where the time goes",
    "studio": "The studio",
}
_INTRO = """# Benchmarks

What `make bench` found; it writes this page anew. Times of two machines cannot be compared, so
every claim is a ratio of runs that took turns in one session: the median, and in brackets the
least and the greatest. The videos are made by the benchmark itself (`bench/render/clips.py`): a
hand-held picture with the detail of photographs and grain, and speech. Encoder settings are the
same everywhere: libx264, veryfast, crf 20.
"""


class Record(msgspec.Struct, frozen=True):
    """A section with when and where it was measured."""

    section: Section
    date: str
    machine: str
    repeats: int


def keep(name: str, section: Section, repeats: int) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    record = Record(section, today, machine("av", "playwright"), repeats)
    (RESULTS / f"{name}.json").write_bytes(msgspec.json.encode(record))


def write() -> None:
    """The page and the chart, of every section measured so far."""
    records = {name: record for name in TITLES if (record := _read(RESULTS / f"{name}.json"))}
    parts = [_INTRO]
    for name, record in records.items():
        runs = (
            f", {record.repeats} repeat{'s' if record.repeats > 1 else ''}"
            if record.repeats
            else ""
        )
        parts.append(f"## {TITLES[name]}\n\n{record.date}, {record.machine}{runs}.\n")
        if name == "whole":
            parts.append(f"![Frames per second]({CHART.relative_to(DOCUMENT.parent)})\n")
        parts.append(f"{record.section.text}\n")
    DOCUMENT.write_text("\n".join(parts))
    if "whole" in records:
        CHART.write_text(chart(records["whole"].section.figures))


def machine(*packages: str) -> str:
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, {versions}"


def chart(figures: dict[str, float]) -> str:
    """Bars of frames per second, as SVG."""
    longest = max(figures.values())
    rows = []
    for number, (name, value) in enumerate(sorted(figures.items(), key=lambda item: -item[1])):
        top = 20 + 34 * number
        colour = "#d9480f" if name.endswith("ECG") else "#868e96"
        wide = 360 * value / longest
        rows.append(
            f'<text x="330" y="{top + 17}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="340" y="{top}" width="{wide:.1f}" height="24" rx="3" fill="{colour}"/>'
            f'<text x="{348 + wide:.1f}" y="{top + 17}">{value:.1f}</text>'
        )
    height = 30 + 34 * len(figures)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 {height}" width="780" '
        f'height="{height}" font-family="sans-serif" font-size="14" fill="#868e96">\n'
        + "\n".join(rows)
        + "\n</svg>\n"
    )


def _read(path: Path) -> Record | None:
    return msgspec.json.decode(path.read_bytes(), type=Record) if path.exists() else None
