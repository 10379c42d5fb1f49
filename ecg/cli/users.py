"""The commands about accounts: create, admin, quota."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.auth import service
from ecg.auth.passwords import hash_password
from ecg.auth.service import Account
from ecg.cli.options import reporting, run
from ecg.cli.output import Output
from ecg.kernel.database import Database
from ecg.kernel.embedded import running_detached
from ecg.kernel.errors import Missing
from ecg.kernel.settings import load_settings
from ecg.usage.service import Override, set_quota

T = TypeVar("T")


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
    address = service.checked_email(email)
    password = service.checked_password(_password())

    async def made() -> Account:
        hashed = await hash_password(password)
        return await _in_transaction(
            lambda session: service.create_user(
                session,
                address,
                password_hash=hashed,
                name=name,
                role="admin" if admin else "user",
            )
        )

    account = run(made())
    out.result(f"{account.email} is there, as {account.role}", account)


@users.command("admin")
@click.argument("email")
@click.option("--revoke", is_flag=True, help="Make it an ordinary account again.")
@reporting
def set_admin(out: Output, email: str, revoke: bool) -> None:
    """Make an account an admin's. Holds for tokens given from now on: within 15 minutes."""
    account = run(
        _in_transaction(
            lambda session: service.set_role(session, email, "user" if revoke else "admin")
        )
    )
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
    override = Override(**limits)

    async def work(session: AsyncSession) -> Account:
        account = await service.find_account(session, email)
        await set_quota(session, account.id, override)
        return account

    account = run(_in_transaction(work))
    shown = ", ".join(
        f"{name.replace('_', ' ')} {'as by default' if value is None else value}"
        for name, value in limits.items()
    )
    out.result(f"{account.email}: {shown}", {"user": account, "quota": override})


async def _in_transaction(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    settings = load_settings().settings
    url = settings.database.url or running_detached(settings.data_folder).database_url
    database = Database(url, 1)
    try:
        async with database.transaction() as session:
            return await work(session)
    except ProgrammingError as error:
        if "does not exist" in str(error.orig):
            raise Missing("the database has no tables of this version: run `ecg migrate`") from None
        raise
    finally:
        await database.close()


def _password() -> str:
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return sys.stdin.readline().rstrip("\r\n")


COMMANDS: tuple[Any, ...] = (users,)
