from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from ecg.auth import passwords
from ecg.auth.app import auth_desk
from ecg.auth.session import AuthDesk
from ecg.kernel.database import Database
from tests.integration.auth.accounts import SETTINGS, client_of


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", 4)


@pytest.fixture
def desk(database: Database) -> AuthDesk:
    return auth_desk(SETTINGS, database)


@pytest.fixture
async def client(desk: AuthDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk) as made:
        yield made
