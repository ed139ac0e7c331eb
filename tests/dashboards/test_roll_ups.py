"""Roll-ups stay true whoever writes, however many at once; `recount` says so, and puts right what was broken."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import asyncpg
import pytest
from click.testing import CliRunner

from models.rollup_triggers import FOLD_EVERY, FOLDING
from server.commands import main
from server.recount import RecountError, recount
from server.seed import Sizes, seed
from tests.dashboards.world import change, fill

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
SMALL = Sizes(clinics=5, doctors=14, patients=150, slots=1_200, appointments=500, payments=350)
WRITERS, WRITES = 6, int(os.environ.get("CLINICGRAPH_TEST_WRITES", "600"))


@pytest.fixture
async def sql(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def test_writers_at_once_leave_no_difference(database: str, sql: asyncpg.Connection) -> None:
    """They lock in the documented order, as the domain does; then nothing here can end in a deadlock."""
    await fill(sql, Random(1))
    outcomes: Counter[str] = Counter()

    async def write(number: int) -> None:
        random, connection = Random(100 + number), await asyncpg.connect(database)
        try:
            for _ in range(WRITES // WRITERS):
                try:
                    outcomes["done" if await change(connection, random) else "refused"] += 1
                except asyncpg.DeadlockDetectedError as error:
                    outcomes[f"deadlock: {error.detail}"] += 1
        finally:
            await connection.close()

    await asyncio.gather(*(write(number) for number in range(WRITERS)))
    assert set(outcomes) == {"done", "refused"}, outcomes
    assert outcomes["done"] > WRITES / 3
    assert await recount(database) == []
    assert await sql.fetchval("SELECT last_value FROM roll_up_changes_id_seq") > FOLD_EVERY
    assert await sql.fetchval("SELECT count(*) FROM roll_up_counts") > 0


async def test_who_writes_waits_for_nobody(database: str, sql: asyncpg.Connection) -> None:
    """A booking that is not committed holds up neither another of the same doctor, clinic and day, nor a fold."""
    await fill(sql, Random(2))
    await sql.execute("SELECT setval('roll_up_changes_id_seq', 10 * $1::int)", FOLD_EVERY)  # the booking does not fold
    same_day = "SELECT min(id) AS id, max(id) AS other FROM slots GROUP BY doctor_id, local_day, clinic_id"
    (pair, *_) = await sql.fetch(f"{same_day} HAVING count(*) > 1")
    book = "INSERT INTO appointments (slot_id, patient_id, status, is_override) VALUES ($1, $2, 'CONFIRMED', true)"
    other = await asyncpg.connect(database, server_settings={"lock_timeout": "2s"})
    try:
        async with sql.transaction():
            await sql.execute(book, pair["id"], 1)
            await other.execute(book, pair["other"], 2)
            for _ in range(FOLD_EVERY + 1):
                await other.execute("UPDATE slots SET capacity = capacity + 1 WHERE id = $1", pair["other"])
            assert await other.fetchval("SELECT count(*) FROM roll_up_changes") < FOLD_EVERY
    finally:
        await other.close()
    assert await recount(database) == []


async def test_many_at_once_are_folded_at_once(sql: asyncpg.Connection) -> None:
    await sql.execute(
        "INSERT INTO roll_up_changes (doctor_id, clinic_id, day, offered) "
        "SELECT 1 + n % 3, 1, date '2026-03-10', 1 FROM generate_series(1, 5 * $1::int) n",
        FOLD_EVERY,
    )
    assert await sql.fetchval("SELECT count(*) FROM roll_up_changes") == 0
    whole = "SELECT offered FROM roll_up_counts WHERE (doctor_id, clinic_id, days) = (0, 0, 1)"
    assert await sql.fetchval(whole) == 5 * FOLD_EVERY


async def test_a_change_of_specialty_waits_for_who_folds(database: str, sql: asyncpg.Connection) -> None:
    """And what was not folded meanwhile goes to the new one."""
    await fill(sql, Random(5))
    for _ in range(200):
        await change(sql, Random(6))
    other = await asyncpg.connect(database)
    try:
        async with sql.transaction():
            await sql.execute("SELECT pg_advisory_xact_lock($1)", FOLDING)
            moving = asyncio.create_task(other.execute("UPDATE doctors SET specialty = 'Optics' WHERE id = 1"))
            while not await sql.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
            ):
                await asyncio.sleep(0.01)
        await moving
    finally:
        await other.close()
    assert await recount(database) == []
    for _ in range(FOLD_EVERY):
        await sql.execute("UPDATE slots SET capacity = capacity + 1 WHERE id = 1")
    assert await recount(database) == []


async def test_what_is_rolled_back_was_never_counted(database: str, sql: asyncpg.Connection) -> None:
    await fill(sql, Random(3))
    transaction = sql.transaction()
    await transaction.start()
    for _ in range(2 * FOLD_EVERY):
        await sql.execute("UPDATE slots SET capacity = capacity + 1 WHERE id = 1")
    await transaction.rollback()
    assert await recount(database) == []


async def test_a_seeded_database_has_no_difference(database: str) -> None:
    await seed(database, SMALL, seed=1, now=NOW)
    assert await recount(database) == []


BROKEN = {
    "roll_up_counts": "UPDATE roll_up_counts SET completed = completed + 1 WHERE doctor_id = 1",
    "roll_up_lead_times": "DELETE FROM roll_up_lead_times WHERE days = 16",
    "roll_up_hours": "UPDATE roll_up_hours SET appointments = 0 WHERE days = 1",
    "roll_up_revenue": "INSERT INTO roll_up_changes (doctor_id, clinic_id, day, currency, captured_minor, "
    "refunded_minor) VALUES (1, 1, '2026-03-01', 'EUR', 5, 5)",
    "roll_up_top_bookings": "DELETE FROM roll_up_top_bookings WHERE days = 64",
    "roll_up_top_revenue": "UPDATE roll_up_top_revenue SET net_minor = net_minor + 1 WHERE clinic_id = 1",
    "roll_up_specialty_bookings": "UPDATE roll_up_specialty_bookings SET specialty = lower(specialty)",
    "roll_up_specialty_revenue": "DELETE FROM roll_up_specialty_revenue WHERE days = 4",
    "doctor_days": "UPDATE doctor_days SET booked_count = booked_count + 1 WHERE doctor_id = 2",
    "slots": "UPDATE slots SET booked_count = 0, unpaid_count = 0 WHERE booked_count > 0 AND doctor_id = 3",
}


@pytest.mark.parametrize("table", BROKEN)
async def test_what_is_broken_is_found_and_put_right(database: str, sql: asyncpg.Connection, table: str) -> None:
    await seed(database, SMALL, seed=1, now=NOW)
    await sql.execute("ALTER TABLE slots DISABLE TRIGGER USER")
    await sql.execute(BROKEN[table])
    await sql.execute("ALTER TABLE slots ENABLE TRIGGER USER")
    found = await recount(database)
    assert {difference.table for difference in found} == {table}
    assert await recount(database) == found, "comparing changes nothing"
    assert await recount(database, repair=True) == found
    assert await recount(database) == []


async def test_a_wrong_book_is_found_and_left_alone(database: str, sql: asyncpg.Connection) -> None:
    await seed(database, SMALL, seed=1, now=NOW)
    await sql.execute("ALTER TABLE ledger_entries DISABLE TRIGGER USER")
    await sql.execute("UPDATE ledger_entries SET amount_minor = amount_minor + 7 WHERE id = 1")
    found = await recount(database, repair=True)
    assert {difference.table for difference in found} == {"ledger_entries", "ledger_transactions"}
    assert [each.kept - each.counted for each in found] == [7, 7]
    assert await recount(database) == found


async def test_the_command_prints_and_exits(database: str, sql: asyncpg.Connection) -> None:
    async def run(*arguments: str) -> tuple[int, str]:
        environment = {"DATABASE_URL": database, "COLUMNS": "200"}
        result = await asyncio.to_thread(CliRunner().invoke, main, ["recount", *arguments], env=environment)
        return result.exit_code, result.output

    await fill(sql, Random(4))
    assert await run() == (0, "Everything is what the facts add up to.\n")
    await sql.execute("INSERT INTO roll_up_changes (doctor_id, clinic_id, day, freed) VALUES (1, 2, '2026-03-01', 12)")
    code, output = await run()
    assert code == 1
    assert "doctor 1" in output
    assert "freed" in output
    assert (await run("--repair"))[0] == 1
    assert (await run())[0] == 0


async def test_a_repair_does_not_wait_for_ever(
    database: str, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.recount.run.LONGEST_WAIT", 0.05)
    async with sql.transaction():
        await sql.execute("LOCK TABLE appointments IN ROW EXCLUSIVE MODE")
        with pytest.raises(RecountError, match="in use"):
            await recount(database, repair=True)
