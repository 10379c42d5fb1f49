"""The one table: what must hold, by ECG and by Whisper alone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from bench.render.bench import ROOT
from bench.render.report import machine

DOCUMENT = ROOT / "docs/benchmarks-speech.md"
_INTRO = """# Benchmarks of speech

What `python -m bench.speech` found; each part that is run writes its section anew. Beside ours stands what faster-whisper
alone makes of the same sound, with the same model (*base*, int8, beam 5). Times of two machines cannot be compared: cost is a ratio of
runs that took turns. Synthetic voices tell when each word begins; where a recording tells it, `tests/fixtures/media` says how it is known.
"""


class Row(NamedTuple):
    """``bound`` is empty for what is reported beside; ``peer`` is what faster-whisper alone makes
    of the same sound, where it makes anything of it. ``met`` is ``None`` without a bound."""

    line: str
    ecg: str
    peer: str = ""
    bound: str = ""
    met: bool | None = None


_MET = {None: "", True: "met", False: "NOT MET"}


def show(title: str, rows: list[Row]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("line", "bound", "ECG", "faster-whisper alone", ""):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row.line, row.bound, row.ecg, row.peer, _MET[row.met])
    Console(width=120).print(table, "")


def write(title: str, rows: list[Row], titles: Iterable[str]) -> None:
    """Puts the section in its place among ``titles`` of the page."""
    page = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    kept = dict(re.findall(r"^## (.+?)\n\n(.+?)(?=\n## |\Z)", page, re.MULTILINE | re.DOTALL))
    where = machine("faster-whisper", "ctranslate2", "pocketsphinx")
    cells = [(row.line, row.bound, row.ecg, row.peer, _MET[row.met]) for row in rows]
    lines = [("line", "bound", "ECG", "faster-whisper alone", ""), ("---",) * 5, *cells]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    kept[title] = f"{dt.datetime.now(dt.UTC).date().isoformat()}, {where}.\n\n{table}\n"
    parts = (f"## {each}\n\n{kept[each].rstrip()}\n" for each in titles if each in kept)
    DOCUMENT.write_text("\n".join((_INTRO, *parts)))
