"""The commands about accounts: create, admin, quota."""

from __future__ import annotations

import sys
from typing import Any

import click

from ecg.cli.options import reporting, run
from ecg.cli.output import Output
from ecg.kernel.settings import load_settings


@click.group()
def users() -> None:
    """Accounts, from the shell of whoever runs the service."""


@users.command()
@click.argument("email")
@click.option("--name", default="", help="What the person is called.")
@click.option("--admin", is_flag=True, help="May see everyone's usage and jobs.")
@reporting
def create(out: Output, email: str, name: str, admin: bool) -> None:
    """Make an account. The password is asked for, or read as a line from standard input."""
    from ecg.service import accounts  # noqa: PLC0415 - other commands start without it

    settings = load_settings().settings
    account = run(accounts.create(settings, email, _password(), name=name, admin=admin))
    out.result(f"{account.email} is there, as {account.role}", account)


@users.command("admin")
@click.argument("email")
@click.option("--revoke", is_flag=True, help="Make it an ordinary account again.")
@reporting
def set_admin(out: Output, email: str, revoke: bool) -> None:
    """Make an account an admin's. Holds for tokens given from now on: within 15 minutes."""
    from ecg.service import accounts  # noqa: PLC0415

    account = run(accounts.set_admin(load_settings().settings, email, admin=not revoke))
    out.result(f"{account.email} is {account.role} now", account)


@users.command()
@click.argument("email")
@click.option("--renders-per-day", type=click.IntRange(0, 1_000_000))
@click.option("--renders-per-month", type=click.IntRange(0, 1_000_000))
@click.option("--concurrent", type=click.IntRange(0, 1_000_000), help="Renders at once.")
@click.option("--upload-bytes", type=click.IntRange(0, 1 << 60), help="A month.")
@reporting
def quota(out: Output, email: str, **limits: int | None) -> None:
    """Set an account's own limits; one that is left out is the default again."""
    from ecg.service import accounts  # noqa: PLC0415

    override = accounts.Override(**limits)
    account = run(accounts.limit(load_settings().settings, email, override))
    shown = ", ".join(
        f"{name.replace('_', ' ')} {'as by default' if value is None else value}"
        for name, value in limits.items()
    )
    out.result(f"{account.email}: {shown}", {"user": account, "quota": override})


def _password() -> str:
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return sys.stdin.readline().rstrip("\r\n")


COMMANDS: tuple[Any, ...] = (users,)
