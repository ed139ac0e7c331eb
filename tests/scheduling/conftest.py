"""A clinic with a crowd, one connection for SQL, and one server or two over it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest

from tests.client import Client
from tests.scheduling import crowd
from tests.scheduling.asks import server_over
from tests.scheduling.invariants import broken


@pytest.fixture
async def crowded(clinic: str) -> str:
    """The DSN of the clinic, with patients 5001…5200."""
    await crowd.load(clinic)
    return clinic


@pytest.fixture
async def sql(clinic: str) -> "AsyncIterator[asyncpg.Connection]":
    connection = await asyncpg.connect(clinic)
    yield connection
    await connection.close()


@pytest.fixture
async def one(crowded: str) -> AsyncIterator[Client]:
    """A server; when it has stopped nothing is broken."""
    async with server_over(crowded) as client:
        yield client
    assert await broken(crowded) == {}


@pytest.fixture
async def two(crowded: str) -> AsyncIterator[list[Client]]:
    """Two servers over one database; when they have stopped nothing is broken."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(server_over(crowded)) for _ in range(2)]
    assert await broken(crowded) == {}
