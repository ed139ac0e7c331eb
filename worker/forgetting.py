"""What is old is forgotten, in small bites."""

from collections.abc import Callable
from datetime import datetime, timedelta

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from auth.oauth.housekeeping import forget_expired
from loaders.connections import Connections

EVENTS_KEPT = timedelta(days=7)
KEYS_KEPT = timedelta(hours=24)
BITE = 5_000

# The last event stays, whatever its age: the next position is counted from it. What is kept has no gaps.
FORGET_EVENTS = f"""
WITH oldest AS MATERIALIZED (
  SELECT id, position, created_at FROM outbox_events
  WHERE position < (SELECT max(position) FROM outbox_events) ORDER BY position LIMIT {BITE}
)
DELETE FROM outbox_events o USING oldest
WHERE o.id = oldest.id
  AND oldest.position < coalesce((SELECT min(position) FROM oldest WHERE created_at >= $1), oldest.position + 1)
RETURNING o.id
"""  # noqa: S608 - constants of this module
FORGET_KEYS = f"""
DELETE FROM idempotency_keys WHERE (owner, mutation, key) IN (
  SELECT owner, mutation, key FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT {BITE}
  FOR UPDATE SKIP LOCKED
) RETURNING 1
"""  # noqa: S608 - constants of this module


async def forget_events(connections: Connections, now: datetime) -> int:
    """Deletes events after a week; returns how many. Who resumes after one of them is told so."""
    return await _bite_by_bite(connections, FORGET_EVENTS, now - EVENTS_KEPT)


async def forget_keys(connections: Connections, now: datetime) -> int:
    """Deletes idempotency keys after a day; returns how many."""
    return await _bite_by_bite(connections, FORGET_KEYS, now - KEYS_KEPT)


async def forget_sign_ins(dsn: str, now: datetime) -> int:
    """Deletes what the authorization server needs no more; returns how many rows."""
    engine = create_async_engine(
        dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
        poolclass=NullPool,
        hide_parameters=True,  # an error's text would show addresses and hashes
    )
    try:
        async with AsyncSession(engine) as session, session.begin():
            forget: Callable[..., int] = forget_expired
            return await session.run_sync(forget, now)
    finally:
        await engine.dispose()


async def _bite_by_bite(connections: Connections, text: str, before: datetime) -> int:
    forgotten = 0
    while True:
        bite = len(await connections.fetch(text, (before,), asyncpg.Record))
        forgotten += bite
        if bite < BITE:
            return forgotten
