"""What a search asks about who works where is as the doctors and their slots say, whoever changes them and when."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from server.recount.run import recount
from server.seed.verify import CHECKS
from tests.scheduling.locks import holding

CHECK = CHECKS["affiliations say what their doctors say, and when slots were made"]
WORLD = """
    INSERT INTO users (id, name, email) SELECT i, 'User ' || i, i || '@example.org' FROM generate_series(1, 2) i;
    INSERT INTO clinics (id, name, address, city, country, latitude, longitude, time_zone, currency)
      SELECT i, 'Clinic ' || i, '-', '-', 'NZ', -36.8, 174.7, 'Pacific/Auckland', 'NZD' FROM generate_series(1, 3) i;
    INSERT INTO doctors (id, user_id, status, specialty, licence_number, currency, licence_expires_on) VALUES
      (1, 1, 'APPROVED', 'Cardiology', 'L1', 'NZD', NULL), (2, 2, 'APPROVED', 'Neurology', 'L2', 'NZD', '2027-01-01');
    INSERT INTO doctor_clinics (doctor_id, clinic_id) SELECT d, c FROM generate_series(1, 2) d, generate_series(1, 2) c;
"""
HERS = "SELECT specialty, bookable_before, slot_parts FROM doctor_clinics WHERE doctor_id = $1 ORDER BY clinic_id"
ADD_SLOTS = """
    INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until)
    SELECT 1, 1 + n % 2, at, at + interval '5 minutes', at + interval '5 minutes'
    FROM (SELECT n, $1::timestamptz + n * interval '1 day 2 hours' AS at FROM generate_series(0, $2::int - 1) n) days
"""


@pytest.fixture
async def sql(database: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(database)
    await connection.execute(WORLD)
    yield connection
    await connection.close()


async def test_affiliations_say_what_their_doctors_say(sql: "asyncpg.Connection[Any]") -> None:
    for change in (
        "SET specialty = 'General Practice'",
        "SET licence_expires_on = '2026-12-31'",
        "SET status = 'INACTIVE'",
        "SET status = 'APPROVED', licence_expires_on = NULL",
    ):
        await sql.execute(f"UPDATE doctors {change} WHERE id = 1")
        assert await sql.fetchval(CHECK) == 0, change
    assert {tuple(row) for row in await sql.fetch(HERS, 1)} == {("general practice", date.max, 0)}
    assert {tuple(row) for row in await sql.fetch(HERS, 2)} == {("neurology", date(2027, 1, 1), 0)}
    await sql.execute("UPDATE doctor_clinics SET specialty = 'Magic', bookable_before = '2020-01-01'")
    assert await sql.fetchval(CHECK) == 0
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="doctor 77 does not exist"):
        await sql.execute("INSERT INTO doctor_clinics (doctor_id, clinic_id) VALUES (77, 1)")


async def test_slots_mark_the_parts_of_a_week(sql: "asyncpg.Connection[Any]") -> None:
    await sql.execute(ADD_SLOTS, datetime(1970, 1, 1, 2, 59, 59, 900_000, tzinfo=UTC), 1)
    assert [row["slot_parts"] for row in await sql.fetch(HERS, 1)] == [1, 0]
    await sql.execute(ADD_SLOTS, datetime(2026, 3, 2, 9, tzinfo=UTC), 40)
    assert await sql.fetchval(CHECK) == 0
    marked = [row["slot_parts"] for row in await sql.fetch(HERS, 1)]
    assert all(0 < parts < 1 << 56 for parts in marked)
    await sql.execute("DELETE FROM slots")
    assert [row["slot_parts"] for row in await sql.fetch(HERS, 1)] == marked


async def test_marks_that_were_lost_are_found_and_put_back(sql: "asyncpg.Connection[Any]", database: str) -> None:
    await sql.execute(ADD_SLOTS, datetime(2026, 3, 2, 9, tzinfo=UTC), 40)
    marked = [row["slot_parts"] for row in await sql.fetch(HERS, 1)]
    await sql.execute("UPDATE doctor_clinics SET slot_parts = slot_parts & 1")
    found = await recount(database, repair=True)
    assert [(each.place, each.what) for each in found] == [
        ("doctor 1 clinic 1", "slot_parts"),
        ("doctor 1 clinic 2", "slot_parts"),
    ]
    assert [row["slot_parts"] for row in await sql.fetch(HERS, 1)] == marked
    assert await recount(database) == []


ADD = "INSERT INTO doctor_clinics (doctor_id, clinic_id) VALUES (1, 3)"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("UPDATE doctors SET specialty = 'Surgery' WHERE id = 1", ADD),
        (ADD, "UPDATE doctors SET status = 'INACTIVE' WHERE id = 1"),
    ],
    ids=["a change first", "an affiliation first"],
)
async def test_a_new_affiliation_and_a_change_of_the_doctor_wait_for_each_other(
    sql: "asyncpg.Connection[Any]", database: str, first: str, second: str
) -> None:
    async with holding(database, first) as holder:
        waiting = asyncio.create_task(sql.execute(second))
        await holder.until_waiting(1)
        await holder.let_go()
        await waiting
    assert await sql.fetchval(CHECK) == 0
