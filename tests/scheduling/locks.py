"""Pausing transactions where somebody else holds a row that they need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
PATIENCE = 30  # seconds


class Holder:
    """Holds rows until it is told to let go."""

    def __init__(self, connection: "asyncpg.Connection[Any]", watcher: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._watcher = watcher

    async def run(self, statement: str, *arguments: Any) -> None:
        await self._connection.execute(statement, *arguments)

    async def until_waiting(self, how_many: int) -> None:
        """Returns once so many others wait for a lock."""
        async with asyncio.timeout(PATIENCE):
            while await self._watcher.fetchval(WAITING) < how_many:
                await asyncio.sleep(0.002)

    async def let_go(self) -> None:
        await self._connection.execute("COMMIT")


@asynccontextmanager
async def holding(dsn: str, statement: str, *arguments: Any) -> AsyncIterator[Holder]:
    """A transaction of its own that has run a statement (`SELECT … FOR UPDATE`) and keeps what it locked."""
    connection, watcher = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        await connection.execute("BEGIN")
        await connection.execute(statement, *arguments)
        yield Holder(connection, watcher)
    finally:
        await connection.close()
        await watcher.close()
