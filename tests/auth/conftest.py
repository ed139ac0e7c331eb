"""The world, for one test: always the same database, emptied before, because making one takes longer than a test."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest

from server.embedded import drop_database
from tests.auth.world import World, opened_world
from tests.conftest import made


@pytest.fixture(scope="session")
def sign_in_database(postgres: str, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_sign_in"
    yield made(postgres, name, template)
    asyncio.run(drop_database(postgres, name))


@pytest.fixture
async def world(sign_in_database: str) -> AsyncIterator[World]:
    async with opened_world(sign_in_database) as opened:
        yield opened
