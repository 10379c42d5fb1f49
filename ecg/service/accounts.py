"""What `ecg users` does to accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.auth import service
from ecg.auth.passwords import hash_password
from ecg.auth.service import Account
from ecg.kernel.database import Database
from ecg.kernel.embedded import running_detached
from ecg.kernel.errors import Missing
from ecg.kernel.settings import Settings
from ecg.usage.service import Override, set_quota

T = TypeVar("T")


async def create(
    settings: Settings, email: str, password: str, *, name: str, admin: bool
) -> Account:
    """A new account. Raises ``Conflict`` for a taken email, ``RequestInvalid``."""
    address = service.checked_email(email)
    hashed = await hash_password(service.checked_password(password))
    role = "admin" if admin else "user"
    return await _in_transaction(
        settings,
        lambda session: service.create_user(
            session, address, password_hash=hashed, name=name, role=role
        ),
    )


async def set_admin(settings: Settings, email: str, *, admin: bool) -> Account:
    """Raises ``NotFound``."""
    role = "admin" if admin else "user"
    return await _in_transaction(settings, lambda session: service.set_role(session, email, role))


async def limit(settings: Settings, email: str, override: Override) -> Account:
    """Replaces the account's own limits. Raises ``NotFound``."""

    async def work(session: AsyncSession) -> Account:
        account = await service.find_account(session, email)
        await set_quota(session, account.id, override)
        return account

    return await _in_transaction(settings, work)


async def _in_transaction(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Where no database is set, in the one that `ecg services` or `ecg serve` runs."""
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
