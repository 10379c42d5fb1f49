"""The one table: what must hold, by ECG and by Whisper alone."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Row(NamedTuple):
    """``bound`` is empty for what is reported beside; ``peer`` is what faster-whisper alone makes
    of the same sound, where it makes anything of it. ``met`` is ``None`` without a bound."""

    line: str
    ecg: str
    peer: str = ""
    bound: str = ""
    met: bool | None = None


def show(title: str, rows: list[Row]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("line", "bound", "ECG", "faster-whisper alone", ""):
        table.add_column(heading, overflow="fold")
    for row in rows:
        met = {None: "", True: "met", False: "NOT MET"}[row.met]
        table.add_row(row.line, row.bound, row.ecg, row.peer, met)
    Console(width=120).print(table, "")
