"""Compares, and repairs if asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from models.rollup_triggers import FACTS
from server.recount.comparisons import COMPARISONS, FACTS_TABLE
from server.recount.repair import COUNTERS_AGAIN, LOCKS, REPAIRABLE, ROLL_UPS_AGAIN

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
LONGEST_WAIT = 15  # seconds for the locks


class RecountError(Exception):
    """It could not be done; the message is one line that says why."""


@dataclass(frozen=True)
class Difference:
    """A figure that is not what the facts add up to."""

    table: str
    place: str
    what: str
    kept: int
    counted: int


async def recount(dsn: str, *, repair: bool = False) -> Sequence[Difference]:
    """All differences, as of one moment; people may go on writing. Changes nothing unless told to.

    With `repair` nobody writes meanwhile, and afterwards roll-ups and counters are what the facts add up to: in one
    transaction, or not at all. What is wrong in the books stays. Raises RecountError when the locks cannot be had.
    """
    connection = await asyncpg.connect(dsn)
    try:
        return await (_repaired(connection) if repair else _compared(connection))
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        raise RecountError("the database is in use: whatever writes to it must pause for a repair") from error
    except asyncpg.UndefinedTableError as error:
        raise RecountError(f"the database is not migrated ({error}): run `python -m server migrate` first") from error
    finally:
        await connection.close()


async def _compared(connection: Connection) -> list[Difference]:
    async with connection.transaction(isolation="repeatable_read"):
        return await _differences(connection)


async def _repaired(connection: Connection) -> list[Difference]:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}s'")
        await connection.execute(LOCKS)
        found = await _differences(connection)
        wrong = {difference.table for difference in found} & REPAIRABLE
        if wrong:
            # Counters first: what a withdrawn slot offers depends on them.
            for statement in (*COUNTERS_AGAIN, *ROLL_UPS_AGAIN):
                await connection.execute(statement)
        return found


async def _differences(connection: Connection) -> list[Difference]:
    await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
    await connection.execute(
        f"CREATE TEMPORARY TABLE {FACTS_TABLE} (LIKE roll_up_changes INCLUDING DEFAULTS) ON COMMIT DROP"
    )
    await connection.execute(f"ALTER TABLE {FACTS_TABLE} ALTER id DROP NOT NULL")
    for fact in FACTS.replace("INTO roll_up_changes", f"INTO {FACTS_TABLE}").split(";\n"):
        await connection.execute(fact)
    await connection.execute(f"ANALYZE {FACTS_TABLE}")
    return [Difference(table, *row) for table, query in COMPARISONS.items() for row in await connection.fetch(query)]
