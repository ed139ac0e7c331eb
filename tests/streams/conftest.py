"""A clinic with a server."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from server.settings import ExecutorName, Settings
from tests.streams.serving import Served, serving


@pytest.fixture
async def sql(clinic: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """The clinic's database. Nothing in it has run out, so that a worker finds nothing to do."""
    connection = await asyncpg.connect(clinic)
    await connection.execute("UPDATE holds SET released_at = expires_at WHERE expires_at < '2026-06-15 12:00Z'")
    yield connection
    await connection.close()


@pytest.fixture
async def served(clinic: str, sql: object) -> AsyncIterator[Served]:
    """One server that does a worker's work too."""
    async with serving(clinic) as running:
        yield running


@pytest.fixture(params=ExecutorName)
async def served_by_each(request: pytest.FixtureRequest, clinic: str, sql: object) -> AsyncIterator[Served]:
    """The same, once with each executor."""
    async with serving(clinic, settings=Settings(executor=request.param)) as running:
        yield running
