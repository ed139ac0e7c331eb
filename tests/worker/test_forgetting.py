"""What is old goes, what is needed stays."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.clinic_data import NOW
from tests.worker.test_sequencing import connections
from worker.chores import CHORES, Desk
from worker.forgetting import forget_events, forget_keys
from worker.sequencing import sequence_events

INSERT = """
INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, payload, created_at)
  VALUES ('test.happened', 'Test', $1, 1, '{}', $2)
"""
KEY = "INSERT INTO idempotency_keys (owner, mutation, key, input_hash, created_at) VALUES ('user:1', 'm', $1, 'x', $2)"


async def positions(sql: "asyncpg.Connection[Any]") -> list[int | None]:
    rows = await sql.fetch("SELECT position FROM outbox_events ORDER BY position")
    return [row["position"] for row in rows]


async def test_events_after_a_week(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left has no gaps, and the next position goes on from the last."""
    sql = await asyncpg.connect(database)
    async with connections(database) as own:
        for n, days in enumerate((9, 8, 6, 8, 1), 1):  # requests that took long commit after later ones
            await sql.execute(INSERT, n, NOW - timedelta(days=days))
            await sequence_events(own)
        assert await forget_events(own, NOW) == 2
        assert await positions(sql) == [3, 4, 5]
        assert await forget_events(own, NOW + timedelta(days=30)) == 2
        assert await positions(sql) == [5], "the last one stays"
        await sql.execute(INSERT, 6, NOW)
        assert await forget_events(own, NOW + timedelta(days=30)) == 0
        assert await positions(sql) == [5, None], "what has no position yet stays"
        await sequence_events(own)
        assert await positions(sql) == [5, 6]
    await sql.close()


async def test_many_events(database: str) -> None:
    sql = await asyncpg.connect(database)
    old = NOW - timedelta(days=8)
    await sql.execute(
        "INSERT INTO outbox_events (name, aggregate, aggregate_id, sequence, position, payload, created_at)"
        " SELECT 'test.happened', 'Test', n, 1, n, '{}', $1 FROM generate_series(1, 12000) n",
        old,
    )
    async with connections(database) as own:
        assert await forget_events(own, NOW) == 11_999
    await sql.close()


async def test_keys_after_a_day(database: str) -> None:
    sql = await asyncpg.connect(database)
    for key, hours in (("old", 24), ("young", 23)):
        await sql.execute(KEY, key, NOW - timedelta(hours=hours))
    async with connections(database) as own:
        assert await forget_keys(own, NOW) == 1
    assert await sql.fetchval("SELECT key FROM idempotency_keys") == "young"
    await sql.close()


async def test_every_chore_can_be_done(database: str) -> None:
    async with connections(database, 2) as own:
        for chore in CHORES:
            assert await chore.do(Desk(own, database, lambda: NOW)) == 0, chore.name
    assert len({chore.lock for chore in CHORES}) == len(CHORES)
