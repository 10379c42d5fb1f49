"""``ecg serve``: the service, any set of roles in one process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from ecg import roles
from ecg.kernel.settings import load_settings
from ecg.kernel.telemetry import set_up_logs


class RoleSet(click.ParamType[frozenset[str]]):
    name = "roles"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[str]:
        names = frozenset(part.strip() for part in str(value).split(",") if part.strip())
        unknown = sorted(names - set(roles.ROLES))
        if unknown or not names:
            what = f'"{unknown[0]}" is no role' if unknown else "no role is named"
            self.fail(f"{what}; the roles are {', '.join(roles.ROLES)}", param, ctx)
        return names


@click.command()
@click.option("--role", "names", type=RoleSet(), default=",".join(roles.ROLES), help="Which roles.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free."
)
@click.option("--reload", is_flag=True, help="Start again whenever the code changes.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def serve(names: frozenset[str], host: str, port: int, reload: bool, debug: bool) -> None:
    """Run the service. Without stores of yours in the settings it runs its own."""
    del debug  # read by main()
    if reload:
        import watchfiles  # noqa: PLC0415 - other commands start without the service's libraries

        again = [argument for argument in sys.argv[1:] if argument != "--reload"]
        package = Path(__file__).resolve().parent.parent
        watchfiles.run_process(package, target=f"{sys.executable} -m ecg {' '.join(again)}")
        return
    settings = load_settings().settings
    embedded = roles.check_roles(settings, names)
    set_up_logs(as_json=not sys.stderr.isatty())
    from ecg.service import serving  # noqa: PLC0415

    asyncio.run(serving.serve(settings, names, host, port, embedded=embedded))


@click.command("roles")
def show_roles() -> None:
    """What each role does, needs and loads."""
    for name, (what, needs) in roles.ROLES.items():
        click.echo(f"{name:<7} {what}\n        needs {needs}")


COMMANDS: tuple[Any, ...] = (serve, show_roles)
