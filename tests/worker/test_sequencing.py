"""Positions of events: commit order, no gaps, no doubles, whatever the writers do."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from loaders.connections import Connections
from models.records import EVENTS_CHANNEL
from server.database import connecting
from tests.clinic_data import NOW
from worker import Worker
from worker.chores import Chore, Desk
from worker.sequencing import sequence_events

SOON = 20.0
INSERT = """
INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, payload)
VALUES ('test.happened', 'Test', $1, $2, '{}')
"""
READ = "SELECT position, aggregate_id, sequence FROM outbox_events WHERE position > $1 ORDER BY position"


@asynccontextmanager
async def connections(dsn: str, size: int = 1) -> AsyncIterator[Connections]:
    opened = Connections(connecting(dsn), size)
    try:
        yield opened
    finally:
        await opened.close()


def worker(dsn: str, *chores: Chore, sweep_seconds: float = 0.02) -> Worker:
    return Worker(connecting(dsn), dsn, lambda: NOW, chores, sweep_seconds)


async def until(sql: "asyncpg.Connection[Any]", condition: str) -> None:
    async with asyncio.timeout(SOON):
        while not await sql.fetchval(f"SELECT {condition}"):
            await asyncio.sleep(0.01)


async def test_twenty_writers_and_two_workers(database: str) -> None:
    """A reader who always goes on from the last position it saw reads every committed event exactly once."""
    sql = await asyncpg.connect(database)
    written: set[tuple[int, int]] = set()
    seen: list[tuple[int, int, int]] = []
    done = asyncio.Event()

    async def write(writer: int, one: Worker, other: Worker) -> None:
        mine = await asyncpg.connect(database)
        chance = random.Random(writer)
        try:
            for n in range(1, 16):
                transaction = mine.transaction()
                await transaction.start()
                await mine.execute(INSERT, writer, n)
                if chance.random() < 0.5:
                    await asyncio.sleep(chance.random() / 50)  # commits after others who began later
                if chance.random() < 0.2:
                    await transaction.rollback()
                    continue
                await transaction.commit()
                written.add((writer, n))
                chance.choice((one.wake, other.wake, lambda: None))()
        finally:
            await mine.close()

    async def read() -> None:
        reader = await asyncpg.connect(database)
        last = 0
        while not done.is_set() or len(seen) < len(written):
            for row in await reader.fetch(READ, last):
                assert row["position"] == last + 1, "a gap could be filled later"
                last = row["position"]
                seen.append(tuple(row))
            await asyncio.sleep(0.002)
        await reader.close()

    one, other = worker(database), worker(database)
    async with one.working(), other.working(), asyncio.timeout(60):
        reading = asyncio.create_task(read())
        await asyncio.gather(*(write(writer, one, other) for writer in range(20)))
        done.set()
        await reading
    assert sorted(event[1:] for event in seen) == sorted(written)
    for writer in range(20):
        own = [sequence for _, aggregate, sequence in seen if aggregate == writer]
        assert own == sorted(own), "what one has written after another stays after it"
    await sql.close()


async def test_who_commits_late_comes_late(database: str) -> None:
    early, late = await asyncpg.connect(database), await asyncpg.connect(database)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await late.add_listener(EVENTS_CHANNEL, lambda *told: heard.put_nowait(str(told[-1])))
    async with connections(database) as own:
        transaction = early.transaction()
        await transaction.start()
        await early.execute(INSERT, 1, 1)
        await late.execute(INSERT, 2, 1)
        await late.execute(INSERT, 2, 2)
        assert await sequence_events(own) == 2
        await transaction.commit()
        assert await sequence_events(own) == 1
        assert await sequence_events(own) == 0
        assert [tuple(row) for row in await late.fetch(READ, 0)] == [(1, 2, 1), (2, 2, 2), (3, 1, 1)]
        assert [await asyncio.wait_for(heard.get(), SOON) for _ in range(2)] == ["2", "3"]
    await early.close()
    await late.close()


async def test_more_events_than_a_batch(database: str) -> None:
    sql = await asyncpg.connect(database)
    await sql.execute(
        INSERT.replace(
            "VALUES ('test.happened', 'Test', $1, $2, '{}')",
            """
      SELECT 'test.happened', 'Test', n, 1, '{}' FROM generate_series(1, 2500) n""",
        )
    )
    async with connections(database) as own:
        assert await sequence_events(own) == 2_500
    assert await sql.fetchval("SELECT count(*) FROM outbox_events WHERE position = aggregate_id") == 2_500
    await sql.close()


async def test_events_that_nobody_told_of(database: str) -> None:
    """Of a process that crashed after its commit: swept; and what is there at the end is not left behind."""
    sql = await asyncpg.connect(database)
    working = worker(database)
    async with working.working():
        await sql.execute(INSERT, 1, 1)
        await until(sql, "count(*) = 1 FROM outbox_events WHERE position = 1")
    async with worker(database, sweep_seconds=600).working():
        await until(
            sql,
            "count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%position IS NULL LIMIT 1%' AND pid <> "
            "pg_backend_pid() AND state = 'idle' AND datname = current_database()",
        )
        await sql.execute(INSERT, 1, 2)
    assert await sql.fetchval("SELECT position FROM outbox_events WHERE sequence = 2") == 2
    await sql.close()


async def test_a_worker_outlives_its_connections(database: str) -> None:
    sql = await asyncpg.connect(database)
    async with worker(database).working():
        for n in range(1, 4):
            await sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database() AND backend_type = 'client backend'"
            )
            await sql.execute(INSERT, 1, n)
            await until(sql, f"count(*) = 1 FROM outbox_events WHERE position = {n}")
    await sql.close()


async def test_one_worker_of_several_does_a_chore(database: str) -> None:
    """When it stops, another takes over."""
    done: list[str] = []

    def counting(name: str) -> Chore:
        async def do(desk: Desk) -> int:
            done.append(name)
            return 0

        return Chore("counting", 0.005, 1, do)

    async def busy(times: int) -> None:
        async with asyncio.timeout(SOON):
            while len(done) < times:
                await asyncio.sleep(0.005)

    async with worker(database, counting("first")).working():
        await busy(1)
        async with worker(database, counting("second")).working():
            await busy(10)
            assert set(done) == {"first"}
            first = len(done)
            other = worker(database, counting("third"))
            async with other.working():
                await busy(first + 5)
        assert set(done) == {"first"}
    async with worker(database, counting("second")).working():
        await busy(len(done) + 3)
    assert done[-1] == "second"


async def test_a_chore_that_fails_stops_nothing(database: str, caplog: Any) -> None:
    failures = 0

    async def fail(desk: Desk) -> int:
        nonlocal failures
        failures += 1
        raise RuntimeError("a bug")

    sql = await asyncpg.connect(database)
    async with worker(database, Chore("failing", 0.001, 1, fail)).working():
        await sql.execute(INSERT, 1, 1)
        await until(sql, "count(*) = 1 FROM outbox_events WHERE position = 1")
        async with asyncio.timeout(SOON):
            while failures < 4:
                await asyncio.sleep(0.005)
    assert [record.getMessage() for record in caplog.records][:1] == ["failing failed"]
    await sql.close()
