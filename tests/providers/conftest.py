"""A clinic with two managers, a server whose clock stands still until it is set, and a connection for SQL."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.client import Client
from tests.providers.asks import Clock, server_over, settle


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(clinic: str, clock: Clock) -> AsyncIterator[Client]:
    await settle(clinic)
    async with server_over(clinic, clock) as client:
        yield client


@pytest.fixture
async def sql(clinic: str) -> "AsyncIterator[asyncpg.Connection]":
    connection = await asyncpg.connect(clinic)
    yield connection
    await connection.close()
