"""Options that several commands share, and the values they take."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from ecg import roles
from ecg.captions.brought import MAX_SPEAKERS
from ecg.captions.compose import Rules
from ecg.captions.scenario import MAX_WORDS
from ecg.captions.styles import load_style
from ecg.captions.wording import MAX_MASKED, Mask
from ecg.cli.output import Output
from ecg.kernel.errors import InputRefused, NotFound

P = ParamSpec("P")
R = TypeVar("R")

FILE = click.Path(path_type=Path)


def reporting(function: Callable[Concatenate[Output, P], R]) -> Callable[P, R]:
    """Adds ``--json``, ``--quiet`` and ``--debug``; the command gets an ``Output`` first."""

    @click.option("--json", "as_json", is_flag=True, help="Result and progress as JSON.")
    @click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @functools.wraps(function)
    def command(*args: Any, as_json: bool, quiet: bool, debug: bool, **kwargs: Any) -> R:
        del debug  # read by main()
        return function(Output(as_json=as_json, quiet=quiet), *args, **kwargs)

    return command


class Named(click.ParamType[object]):
    """An option value that ``find`` knows; what it refuses is wrong usage."""

    def __init__(self, name: str, find: Callable[[str], object]) -> None:
        self.name = name
        self._find = find

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        if not isinstance(value, str):
            return value
        try:
            return self._find(value)
        except (NotFound, InputRefused) as error:
            self.fail(error.message, param, ctx)


STYLE = Named("style", load_style)
LANGUAGE = Named("language", roles.language_code)
MODEL = Named("model", roles.model_name)
ENGINE = click.Choice(["auto", "faster-whisper", "whisperx"])
HEIGHT = Named("pixels", roles.check_height)
RATE = Named("rate", roles.frame_rate)
SPEAKERS = click.IntRange(1, MAX_SPEAKERS)
STRENGTH = click.FloatRange(0, 1)


def paging(command: Callable[..., R]) -> Callable[..., R]:
    """Adds how cues are paged and written, for ``rules``."""
    for option in reversed((
        click.option("--words", type=click.IntRange(1, MAX_WORDS), help="Per cue, exactly."),
        click.option("--characters", type=click.IntRange(1, 200), help="Per line at most."),
        click.option("--lines", type=click.IntRange(1, 5), help="Per cue at most."),
        click.option(
            "--duration", type=click.FloatRange(0, 60, min_open=True), help="Of a cue, s at most."
        ),
        click.option("--case", type=click.Choice(["upper", "lower", "sentence"]), help="Of letters."),
        click.option(
            "--punctuation",
            type=click.Choice(["keep", "soft", "none"]),
            default="keep",
            help="soft: no stops and commas.",
        ),
        click.option("--mask", type=FILE, metavar="F", help="Words not to be read, one a line."),
        click.option(
            "--mask-form",
            type=click.Choice(["first-last", "all", "bleep"]),
            default="first-last",
            help="f**k, **** or [bleep].",
        ),
    )):  # fmt: skip
        command = option(command)
    return command


def rules(options: dict[str, Any]) -> Rules:
    """What ``paging`` was told. Raises ``InputRefused`` for a list of words that cannot be used."""
    mask: Mask | None = None
    if options["mask"] is not None:
        entries = _entries(options["mask"])
        mask = Mask(tuple(entries), options["mask_form"])
    return Rules(
        words=options["words"],
        characters=options["characters"],
        lines=options["lines"],
        duration=options["duration"],
        case=options["case"],
        punctuation=options["punctuation"],
        mask=mask,
    )


def _entries(path: Path) -> list[str]:
    entries = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not entries:
        raise InputRefused(f"{path}: no words; write one a line")
    if len(entries) > MAX_MASKED:
        raise InputRefused(f"{path}: {len(entries):,} words; at most {MAX_MASKED:,} are allowed")
    return entries


def run(work: Coroutine[Any, Any, R]) -> R:
    """Runs ``work`` to its end. Ctrl-C and SIGTERM cancel it and raise KeyboardInterrupt
    once it has cleaned up."""

    async def watched() -> R:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    return asyncio.run(watched())


def read(path: Path) -> bytes:
    """The bytes of a document file. Raises ``InputRefused`` saying why it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputRefused(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputRefused(f"{path}: this is a folder, a file is wanted") from None
    except OSError as error:
        raise InputRefused(f"{path}: cannot be read: {error.strerror}") from None


def read_text(path: Path) -> str:
    """As ``read``, text in UTF-8."""
    try:
        return read(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputRefused(f"{path}: this is not text in UTF-8; save it as such") from None


def listening(command: Callable[..., None]) -> Callable[..., None]:
    """Adds how speech is listened to, for ``AnalysisJob``."""
    for option in reversed((
        click.option("--language", type=LANGUAGE, help="Spoken, as en or ko (else detected)."),
        click.option("--speakers", type=SPEAKERS, help="How many speak (else found out)."),
        click.option("--script", type=FILE, metavar="F", help="The exact wording: text, SRT, VTT."),
        click.option("--terms", type=FILE, metavar="F", help="Names as they are written, one a line."),
        click.option("--model", type=MODEL, help="Speech model, or its folder (`ecg models list`)."),
        click.option("--engine", type=ENGINE, help="What recognises speech (else the settings)."),
        click.option("--audio-track", type=click.IntRange(0), default=0, help="Which sound track."),
    )):  # fmt: skip
        command = option(command)
    return command


def write(path: Path, data: bytes) -> None:
    """Writes ``path`` whole or not at all. Raises ``InputRefused`` where it cannot."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputRefused(f"{path}: cannot be written: {error.strerror}") from None
