"""Many patients and slots besides those of `tests.clinic_data`, and how to add to them."""

from datetime import datetime, timedelta
from typing import Any, TypeAlias

import asyncpg

from tests.clinic_data import NOW

SQL: TypeAlias = "asyncpg.Connection[Any]"

FIRST = 5001
SIZE = 200
CROWD = range(FIRST, FIRST + SIZE)

PEOPLE = """
INSERT INTO users (id, name, email)
  SELECT 9000 + i, 'Crowd ' || i, 'crowd' || i || '@example.org' FROM generate_series(1, 200) i;
INSERT INTO patients (id, user_id) SELECT 5000 + i, 9000 + i FROM generate_series(1, 200) i;
"""
POLICY = """
INSERT INTO clinic_policies (clinic_id, version, {columns})
SELECT $1, 1 + coalesce((SELECT max(version) FROM clinic_policies WHERE clinic_id = $1), 0), {values} RETURNING id
"""
SLOT = """
INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity)
VALUES ($1, $2, $3, $4, $4, $5) RETURNING id
"""


async def load(dsn: str) -> None:
    """Adds patients 5001…5200."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(PEOPLE)
    await connection.close()


async def the_row(sql: SQL, query: str, *arguments: Any) -> asyncpg.Record:
    """The first row of a query that has one."""
    found: asyncpg.Record | None = await sql.fetchrow(query, *arguments)
    assert found is not None
    return found


async def add_slot(
    sql: SQL,
    start: datetime,
    *,
    doctor: int = 1,
    clinic: int = 1,
    capacity: int = 1,
    minutes: int = 20,
) -> int:
    added: int = await sql.fetchval(SLOT, doctor, clinic, start, start + timedelta(minutes=minutes), capacity)
    return added


async def add_slots(sql: SQL, how_many: int, start: datetime, **more: Any) -> list[int]:
    """Slots of 20 minutes, one after the other from `start`."""
    return [await add_slot(sql, start + n * timedelta(minutes=20), **more) for n in range(how_many)]


async def set_policy(sql: SQL, clinic: int = 1, **columns: Any) -> int:
    """A clinic's policy from now on; what is not said is as the table's defaults say."""
    columns = {"confirmation": "AUTOMATIC", **columns}
    names = list(columns)
    text = POLICY.format(columns=", ".join(names), values=", ".join(f"${n + 2}" for n in range(len(names))))
    added: int = await sql.fetchval(text, clinic, *columns.values())
    return added


async def prepayment(sql: SQL, clinic: int = 1) -> int:
    """A policy that asks for payment first, within a quarter of an hour."""
    return await set_policy(sql, clinic, confirmation="PAYMENT", payment_window=timedelta(minutes=15))


async def book(sql: SQL, slot_id: int, patient_id: int, **columns: Any) -> int:
    """An appointment that is simply there, with its timeline."""
    values = {"status": "CONFIRMED", "booked_at": NOW, **columns}
    names = ", ".join(values)
    marks = ", ".join(f"${n + 3}" for n in range(len(values)))
    added: int = await sql.fetchval(
        f"INSERT INTO appointments (slot_id, patient_id, {names}) VALUES ($1, $2, {marks}) RETURNING id",
        slot_id,
        patient_id,
        *values.values(),
    )
    step = (
        "INSERT INTO appointment_timeline (appointment_id, to_status, to_slot_id, happened_at) VALUES ($1, $2, $3, $4)"
    )
    await sql.execute(step, added, values["status"], slot_id, NOW)
    return added


async def hold(sql: SQL, slot_id: int, patient_id: int, *, minutes: int = 5, by: int | None = None) -> int:
    """A hold that lasts so many minutes from NOW; fewer than none, and it has expired."""
    added: int = await sql.fetchval(
        "INSERT INTO holds (slot_id, patient_id, held_by_id, expires_at, created_at) VALUES ($1, $2, $3, $4, $5) "
        "RETURNING id",
        *(slot_id, patient_id, by, NOW + timedelta(minutes=minutes), NOW - timedelta(minutes=10)),
    )
    return added


async def offer(sql: SQL, patient_id: int, slot_id: int, *, giving_up: int | None = None, minutes: int = 60) -> int:
    """A seat that is offered to a waiting patient, for so many minutes from NOW; the offer's id."""
    entry = await sql.fetchval(
        "INSERT INTO waitlist_entries (patient_id, appointment_id, doctor_ids, status) "
        "VALUES ($1, $2, '{1}', 'OFFERED') RETURNING id",
        *(patient_id, giving_up),
    )
    added: int = await sql.fetchval(
        "INSERT INTO waitlist_offers (entry_id, slot_id, hold_id) VALUES ($1, $2, $3) RETURNING id",
        *(entry, slot_id, await hold(sql, slot_id, patient_id, minutes=minutes)),
    )
    return added
