"""The command about the schema of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from ecg.cli.options import reporting
from ecg.cli.output import Output
from ecg.kernel.errors import InputRefused
from ecg.kernel.settings import load_settings

if TYPE_CHECKING:
    from ecg.kernel.migrations import Schema


@click.group(invoke_without_command=True)
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the database's schema up to date, or say where it stands."""
    if context.invoked_subcommand is None:
        context.invoke(up)


@migrate.command()
@reporting
def up(out: Output) -> None:
    """Go to the newest revision; nothing where it is there (the default)."""
    _tell(out, "up")


@migrate.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@reporting
def down(out: Output, yes: bool) -> None:
    """Take the newest step back, with the data that only it can hold."""
    if not (yes or click.confirm("This deletes data. Take the newest step back?", err=True)):
        raise InputRefused("nothing was changed; --yes goes on without asking")
    _tell(out, "down")


@migrate.command()
@reporting
def status(out: Output) -> None:
    """Say where the database stands; exit code 1 where it is not the newest revision."""
    if not _tell(out, "status").ready:
        raise InputRefused("the schema is not that of this version; `ecg migrate up` brings it up")


def _tell(out: Output, act: Literal["up", "down", "status"]) -> Schema:
    from ecg.kernel import migrations  # noqa: PLC0415 - other commands start without it
    from ecg.kernel.embedded import running_detached  # noqa: PLC0415

    settings = load_settings().settings
    url = settings.database.url or running_detached(settings.data_folder).database_url
    acts = {"up": migrations.up, "down": migrations.down, "status": migrations.status}
    schema = acts[act](url)
    out.result(
        f"at {schema.at or 'nothing'}, the newest is {schema.newest}",
        {"at": schema.at, "newest": schema.newest},
    )
    return schema


COMMANDS: tuple[Any, ...] = (migrate,)
