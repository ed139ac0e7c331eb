"""Writing by COPY, in one transaction: all of a seed is there, or nothing of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from itertools import islice
from typing import TypeAlias

import asyncpg

from models import Base
from models.affiliation_triggers import MARK_ALL
from models.rollup_folding import ROLL_UPS
from models.rollup_triggers import FACTS
from server.seed.batch import Batch
from server.seed.sizes import SeedError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Report = Callable[[str, int, int], None]

TABLES = tuple(table.name for table in Base.metadata.sorted_tables)
INSTALLATION = ("oauth_clients", "signing_keys")  # a server makes them when it starts; they are nobody's data
KEEP_COUNTERS = ("slots", "appointments", "holds", "ledger_entries", "payments")
ROLLED_UP = (*(roll_up.table for roll_up in ROLL_UPS), "roll_up_changes")
PG_EPOCH = 946_684_800  # 2000-01-01 in seconds since 1970
PG_EPOCH_DAY = date(2000, 1, 1).toordinal()
CHUNK = 10_000
LONGEST_WAIT = 15  # seconds for the lock on all tables


async def connect(dsn: str) -> Connection:
    """A connection on which instants are seconds since 1970 and days are ordinals, both ways."""
    connection: Connection = await asyncpg.connect(dsn)
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        format="tuple",
        encoder=lambda instant: ((instant - PG_EPOCH) * 1_000_000,),
        decoder=lambda wire: wire[0] // 1_000_000 + PG_EPOCH,
    )
    await connection.set_type_codec(
        "date",
        schema="pg_catalog",
        format="tuple",
        encoder=lambda day: (day - PG_EPOCH_DAY,),
        decoder=lambda wire: wire[0] + PG_EPOCH_DAY,
    )
    return connection


async def prepare(connection: Connection, *, replace: bool) -> None:
    """Locks all tables for the transaction, then sees that they are empty, or empties them."""
    mode = "ACCESS EXCLUSIVE" if replace else "SHARE ROW EXCLUSIVE"
    await connection.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{LONGEST_WAIT}s'")
    try:
        await connection.execute(f"LOCK TABLE {', '.join(TABLES)} IN {mode} MODE")
    except asyncpg.UndefinedTableError as error:
        raise SeedError(f"the database is not migrated ({error}): run `python -m server migrate` first") from error
    except asyncpg.LockNotAvailableError as error:
        raise SeedError("the database is in use: stop the server, or whatever writes to it, and try again") from error
    data = [table for table in TABLES if table not in INSTALLATION]
    if replace:
        await connection.execute(f"TRUNCATE {', '.join(data)} RESTART IDENTITY")
        return
    for table in data:
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - our own names
            raise SeedError(f"the database is not empty (see {table}): seed another one, or use --replace")


@asynccontextmanager
async def without_counting_triggers(connection: Connection) -> AsyncIterator[None]:
    """Inside, our triggers on the tables of KEEP_COUNTERS do not run: one update of a slot for each
    appointment would cost more than all the rest. Whoever enters writes what they would have written; `verify` looks.

    CHECK, exclusion, unique and foreign key constraints stay on. The tables are locked, so nobody else is unwatched.
    """
    for table in KEEP_COUNTERS:
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in KEEP_COUNTERS:
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def copy(connection: Connection, batch: Batch, report: Report) -> int:
    """Writes a batch while it is made; says how many rows it had.

    A chunk at a time, as PostgreSQL looks up what rows refer to when a COPY ends: so the bar never stands still.
    """
    rows, columns, count = iter(batch.rows), batch.columns.split(), 0
    report(batch.table, 0, batch.expected)
    while chunk := list(islice(rows, CHUNK)):
        await connection.copy_records_to_table(batch.table, records=chunk, columns=columns)
        count += len(chunk)
        report(batch.table, count, batch.expected)
    return count


async def continue_ids(connection: Connection) -> None:
    """Lets each identity go on after the last id that was written."""
    for table in Base.metadata.sorted_tables:
        if "id" in table.columns and table.columns["id"].identity is not None:
            await connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"  # noqa: S608
            )


async def count_doctor_days(connection: Connection) -> int:
    """Fills `doctor_days` as its trigger would."""
    status = await connection.execute(
        "INSERT INTO doctor_days (doctor_id, day, booked_count) SELECT doctor_id, local_day, count(*) "
        "FROM appointments WHERE keeps_seat AND NOT is_override GROUP BY doctor_id, local_day "
        "ORDER BY doctor_id, local_day"
    )
    return int(status.rsplit(" ", 1)[1])


async def mark_parts(connection: Connection) -> None:
    """Says where doctors work when in a week they have slots, as the trigger of slots would."""
    await connection.execute(MARK_ALL)


async def set_password(connection: Connection, emails: list[str], password_hash: str) -> None:
    """Gives these people a password."""
    await connection.execute("UPDATE users SET password_hash = $2 WHERE email = ANY ($1)", emails, password_hash)


async def fill_roll_ups(connection: Connection, report: Report) -> dict[str, int]:
    """Fills the roll-ups as their triggers would; says how many rows each table has."""
    facts = FACTS.split(";\n")
    for number, fact in enumerate(facts, 1):
        await connection.execute(fact)
        report("roll-ups", number, len(facts))
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in ROLLED_UP}  # noqa: S608


async def settle(connection: Connection) -> None:
    """After the commit: statistics and the visibility map, so that the first queries are planned and read well."""
    await connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
