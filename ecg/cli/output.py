"""What the commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

LINE_EVERY = 2.0
"""Seconds between two lines of progress where there is no terminal."""


class Advance(Protocol):
    """Says how far a named step is; naming the next step ends the one before it."""

    def __call__(self, step: str, done: float, total: float, detail: str = "") -> None:
        """``done`` of ``total`` in any unit (``total`` 0: not known yet)."""
        ...


class Output:
    """Progress as bars on a terminal, as plain lines elsewhere, as JSON lines for machines."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.console = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """A line for a person; machines and quiet runs are spared."""
        if not (self.as_json or self.quiet):
            self.console.print(text, markup=False, soft_wrap=True)

    def result(self, text: str, document: object) -> None:
        """The command's result: ``text`` for a person, ``document`` as one line of JSON."""
        click.echo(msgspec.json.encode(document).decode() if self.as_json else text)

    def table(self, table: Table) -> None:
        """A table for a person, as wide as it needs to be where there is no terminal."""
        wide = None if sys.stdout.isatty() else 200
        Console(highlight=False, width=wide).print(table)

    @contextmanager
    def steps(self) -> Generator[Advance]:
        """Shows long work, step by step, for as long as the block runs."""
        if self.quiet:
            yield _silent
        elif self.as_json:
            yield _Lines(as_json=True)
        elif self.console.is_terminal:
            yield from _bars(self.console)
        else:
            lines = _Lines(as_json=False)
            yield lines
            lines.end()


def _silent(step: str, done: float, total: float, detail: str = "") -> None:
    del step, done, total, detail


def _bars(console: Console) -> Generator[Advance]:
    columns = (
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("[dim]{task.fields[detail]}"),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console) as progress:

        def fill() -> None:
            for task in progress.tasks:
                whole = task.total or 1
                progress.update(task.id, total=whole, completed=whole, detail="")

        def advance(step: str, done: float, total: float, detail: str = "") -> None:
            if step not in tasks:
                fill()
                tasks[step] = progress.add_task(step, total=None, detail="")
            progress.update(
                tasks[step], detail=detail, total=total or None, completed=min(done, total)
            )

        yield advance
        fill()


class _Lines:
    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._step = ""
        self._started = self._said = 0.0

    def __call__(self, step: str, done: float, total: float, detail: str = "") -> None:
        now = time.monotonic()
        fraction = min(done / total, 1.0) if total else 0.0
        if step != self._step:
            self.end()
            self._step, self._started, self._said = step, now, 0.0 if self._as_json else now
        if now - self._said < (0.5 if self._as_json else LINE_EVERY):
            return
        self._said = now
        passed = now - self._started
        eta = round(passed * (1 - fraction) / fraction, 1) if fraction > 0 else None
        if self._as_json:
            event = {"event": "progress", "step": step, "done": done, "total": total, "eta": eta}
            click.echo(msgspec.json.encode(event).decode(), err=True)
        else:
            left = "" if eta is None else f", {eta:.0f} s left"
            click.echo(f"{step}: {fraction:.0%}{left}{f' ({detail})' if detail else ''}", err=True)

    def end(self) -> None:
        if self._step and not self._as_json:
            click.echo(f"{self._step}: done in {time.monotonic() - self._started:.1f} s", err=True)
        self._step = ""


def complain(message: str) -> None:
    """One line on standard error, marked as the error."""
    mark = click.style("error:", fg="red", bold=True) if sys.stderr.isatty() else "error:"
    click.echo(f"{mark} {' '.join(message.split())}", err=True)
