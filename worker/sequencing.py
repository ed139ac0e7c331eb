"""Positions of events: given afterwards, in commit order, without gaps.

A serial is taken before its transaction commits, so a reader who goes by it passes over the one that commits late. A
position is given to what is committed already, by one process after the other, and is visible before the next is
given: whoever has read up to a position will find no event before it later on.
"""

import asyncpg

from loaders.connections import Connections
from models.records import EVENTS_CHANNEL

BATCH = 1_000
LOCK = 7_016_996_765_293_437_282  # any number, the same in every process

# A statement of its own: the next must see what the last who had the lock has committed.
WAIT = f"SELECT pg_advisory_xact_lock({LOCK})"
SEQUENCE = f"""
WITH waiting AS (
  SELECT id, row_number() OVER (ORDER BY id) AS nth
  FROM (SELECT id FROM outbox_events WHERE position IS NULL ORDER BY id LIMIT {BATCH}) first
), given AS (
  UPDATE outbox_events SET position = (SELECT coalesce(max(position), 0) FROM outbox_events) + nth
  FROM waiting WHERE outbox_events.id = waiting.id RETURNING position
)
SELECT count(*), pg_notify('{EVENTS_CHANNEL}', max(position)::text) FROM given HAVING count(*) > 0
"""  # noqa: S608 - constants of this module
WAITING = "SELECT FROM outbox_events WHERE position IS NULL LIMIT 1"


async def sequence_events(connections: Connections) -> int:
    """Gives positions to all events that wait for one, and tells who listens; returns how many."""
    given = 0
    while await connections.fetch(WAITING, (), asyncpg.Record):
        async with connections.transaction() as connection:
            await connection.execute(WAIT)
            rows = await connection.fetch(SEQUENCE)
        given += sum(row["count"] for row in rows)
    return given
