"""Connections: never more than allowed, never lost, whatever becomes of those who use them."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from loaders.connections import Connections, ConnectionsClosed


class Opened(Connections):
    """Two connections at most, which know how many were opened."""

    def __init__(self, dsn: str) -> None:
        self.opened: list[asyncpg.Connection] = []
        super().__init__(self.connect, 2)
        self.dsn = dsn

    async def connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self.dsn)
        self.opened.append(connection)
        return connection

    async def value(self, expression: str) -> object:
        rows = await self.fetch(f"SELECT {expression}", [], asyncpg.Record)
        return rows[0][0]


@pytest.fixture
async def connections(empty_database: str) -> AsyncIterator[Opened]:
    connections = Opened(empty_database)
    yield connections
    await connections.close()
    assert all(connection.is_closed() for connection in connections.opened)


async def test_many_share_a_few(connections: Opened) -> None:
    answers = await asyncio.gather(*(connections.value(f"pg_sleep(0.01) IS NOT NULL, {n}") for n in range(20)))
    assert (len(answers), len(connections.opened)) == (20, 2)


async def test_one_after_the_other_is_one(connections: Opened) -> None:
    for n in range(5):
        assert await connections.value(str(n)) == n
    assert len(connections.opened) == 1


async def test_an_error_gives_the_connection_back(connections: Opened) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connections.value("1 / 0")
    assert (await connections.value("1"), len(connections.opened)) == (1, 1)


async def test_giving_up_gives_the_connection_back_and_ends_the_statement(connections: Opened) -> None:
    asked = [asyncio.create_task(connections.value("pg_sleep(30)")) for _ in range(6)]
    await asyncio.sleep(0.2)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(connections.value(str(n)) for n in range(6))) == list(range(6))
    assert len(connections.opened) <= 4


async def test_giving_up_while_waiting_passes_the_turn_on(connections: Opened) -> None:
    busy = [asyncio.create_task(connections.value("pg_sleep(0.2) IS NULL")) for _ in range(2)]
    await asyncio.sleep(0.1)
    waiting = [asyncio.create_task(connections.value(str(n))) for n in range(6)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*busy)
        assert [await task for task in waiting[1::2]] == [1, 3, 5]


LOCKED_OUT = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 7"


async def test_giving_up_while_waiting_for_a_lock_leaves_no_transaction(
    connections: Opened, empty_database: str
) -> None:
    async def ask() -> int:
        async with connections.transaction(7) as connection:
            return int(await connection.fetchval("SELECT 7"))

    other = await asyncpg.connect(empty_database)
    try:
        async with asyncio.timeout(60), other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock(7)")
            given_up, kept = asyncio.create_task(ask()), asyncio.create_task(ask())
            while await other.fetchval(LOCKED_OUT) < 2:
                await asyncio.sleep(0.01)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            assert not kept.done()
        async with asyncio.timeout(60):
            assert await kept == 7
            assert [await ask() for _ in range(4)] == [7] * 4
            assert await asyncio.gather(*(connections.value(str(n)) for n in range(4))) == [0, 1, 2, 3]
    finally:
        await other.close()


async def test_a_lost_connection_is_replaced(connections: Opened, empty_database: str) -> None:
    await asyncio.gather(*(connections.value("pg_sleep(0.05)") for _ in range(2)))
    other = await asyncpg.connect(empty_database)
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    await other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    await other.close()
    await asyncio.sleep(0.05)
    assert await asyncio.gather(*(connections.value(str(n)) for n in range(4))) == [0, 1, 2, 3]
    assert len(connections.opened) == 4


async def test_a_database_that_is_away_takes_no_place(connections: Opened) -> None:
    there, connections.dsn = connections.dsn, "postgresql://nobody@127.0.0.1:1/none"
    for _ in range(5):
        with pytest.raises(ConnectionRefusedError):
            await connections.value("1")
    connections.dsn = there
    assert await connections.value("1") == 1


async def test_closing_turns_away_those_who_wait(connections: Opened) -> None:
    asked = [asyncio.create_task(connections.value("pg_sleep(0.1) IS NOT NULL")) for _ in range(4)]
    await asyncio.sleep(0.05)
    await connections.close()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert answers[:2] == [True, True]
    assert all(isinstance(answer, ConnectionsClosed) for answer in answers[2:])


class Leaving(asyncpg.Connection):
    """PostgreSQL has just said goodbye on it, and asyncpg is busy with that."""

    async def execute(self, *_: object, **__: object) -> str:
        raise asyncpg.InternalClientError("another operation is in progress")

    async def fetch(self, *_: object, **__: object) -> list[object]:  # type: ignore[override]
        raise asyncpg.InternalClientError("another operation is in progress")


@pytest.mark.parametrize("way", ["fetch", "connection", "transaction"])
async def test_a_connection_that_takes_no_statement_is_forgotten(empty_database: str, way: str) -> None:
    kinds: list[type[asyncpg.Connection]] = [asyncpg.Connection, Leaving]

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(empty_database, connection_class=kinds.pop())

    pool = Connections(connect, 1)

    async def ask() -> None:
        if way == "fetch":
            await pool.fetch("SELECT 1", [], asyncpg.Record)
        elif way == "connection":
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
        else:
            async with pool.transaction():
                pass

    with pytest.raises(asyncpg.InternalClientError):
        await ask()
    assert pool.use == (1, 0, 0, 0)
    ((value,),) = await pool.fetch("SELECT 2", [], asyncpg.Record)
    assert value == 2
    await pool.close()
