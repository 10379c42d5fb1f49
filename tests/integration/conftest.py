from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ecg.kernel.database import Database
from ecg.kernel.embedded import Stores
from tests.integration.desks import World, world


@pytest.fixture
async def here(database: Database, services: Stores) -> AsyncIterator[World]:
    async with world(database, services) as made:
        yield made
