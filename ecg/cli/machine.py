"""The commands about this machine: models, doctor, config."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.table import Table

from ecg import roles
from ecg.cli.options import reporting
from ecg.cli.output import Output
from ecg.kernel.errors import EcgError, Missing
from ecg.kernel.settings import SECRETS, Settings, load_settings, setting_keys


@click.group()
def models() -> None:
    """The speech models: what is here, and fetching more."""


@models.command("list")
@reporting
def models_list(out: Output) -> None:
    """List the models there are, their size and licence."""
    found = roles.list_models(load_settings().settings)
    if out.as_json:
        click.echo(msgspec.json.encode(found))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("model", "here", "size", "licence", "what it is"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    for model in found:
        here = "yes" if model.here else "no"
        size = f"{model.size / 1e6:.0f} MB"
        table.add_row(model.name, here, size, model.licence, model.title)
    out.table(table)


@models.command("pull")
@click.argument("name")
@reporting
def models_pull(out: Output, name: str) -> None:
    """Fetch a model and check it; nothing is fetched without this command."""
    with out.steps() as advance:
        folder = roles.pull_model(
            load_settings().settings, name, lambda done, total: advance("Fetching", done, total)
        )
    out.result(f"{name} is in {folder}", {"model": name, "folder": str(folder)})


class Check(msgspec.Struct, frozen=True):
    """One thing ECG needs of a machine. ``found`` says what is here, ``mend`` what to do
    where it is not enough (then ``ok`` is false)."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def _python(_settings: Settings) -> str:
    return f"Python {platform.python_version()} at {sys.executable}"


def _driver(_settings: Settings) -> str:
    return _version([sys.executable, "-m", "playwright"])


def _browser(settings: Settings) -> str:
    browser = str(roles.find_browser(settings))
    return f"{_version([browser])} at {browser}"


def _version(command: list[str]) -> str:
    """What a program says of itself. Raises ``Missing`` with its last words where it cannot
    run, most often for want of a library."""
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=True, timeout=30
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        library = next((line for line in said if "shared librar" in line), said[-1])
        mend = "install what it names with your system's packages (on Debian: libatomic1)"
        raise Missing(f"{command[-1]} does not run: {library.strip()}; {mend}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[-1]} does not run: {error}; install it anew") from None
    return done.stdout.strip()


def _model(settings: Settings) -> str:
    return f"{settings.analysis.model} in {roles.model_folder(settings).parent}"


def _space(settings: Settings) -> str:
    folder = settings.work_dir or Path(tempfile.gettempdir())
    if not folder.is_dir():
        raise Missing(f"{folder} does not exist: make it, or name another in ECG_WORK_DIR")
    free = shutil.disk_usage(folder).free
    if free < 1 << 30:
        raise Missing(f"{folder} has {free >> 20} MB free: make room, or name another folder")
    return f"{free >> 30} GB free in {folder}"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "driver": _driver,
    "browser": _browser,
    "model": _model,
    "space": _space,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(_CHECKS)), metavar="[CHECK...]")
@reporting
def doctor(out: Output, names: tuple[str, ...]) -> None:
    """Name what this machine lacks and what mends it."""
    settings = load_settings().settings
    checks = [_checked(name, settings) for name in names or _CHECKS]
    if out.as_json:
        click.echo(msgspec.json.encode(checks))
    else:
        for check in checks:
            mark = click.style("ok  ", fg="green") if check.ok else click.style("miss", fg="red")
            click.echo(f"{mark} {check.name:<8} {check.found if check.ok else check.mend}")
    if not all(check.ok for check in checks):
        raise click.exceptions.Exit(1)


def _checked(name: str, settings: Settings) -> Check:
    try:
        return Check(name, ok=True, found=_CHECKS[name](settings))
    except EcgError as error:
        return Check(name, ok=False, found="", mend=error.message)


@click.command()
@reporting
def config(out: Output) -> None:
    """Show the settings in force and where each came from."""
    loaded = load_settings()
    flat = {key: _value(loaded.settings, key) for key in setting_keys()}
    rows = [(key, flat[key], loaded.origins.get(key, "default")) for key in flat]
    if out.as_json:
        document = [{"key": key, "value": value, "origin": origin} for key, value, origin in rows]
        click.echo(msgspec.json.encode(document))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("setting", "value", "from"):
        table.add_column(heading)
    for key, value, origin in rows:
        table.add_row(key, value, origin)
    out.table(table)


def _value(settings: Settings, key: str) -> str:
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    if key == "models_dir":
        value = settings.models_folder
    if key == "data_dir":
        value = settings.data_folder
    if key in SECRETS and value:
        return "(set)"
    return "" if value is None else str(value)


COMMANDS: tuple[Any, ...] = (models, doctor, config)
