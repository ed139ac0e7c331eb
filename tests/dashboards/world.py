"""A small world at random: clinics in four time zones, bookings around clock changes, and what becomes of them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random

import asyncpg

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
CLOCK_CHANGES = (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC))
STATUSES = ("PENDING", "CONFIRMED", "CHECKED_IN", "IN_PROGRESS", "COMPLETED", "CANCELLED", "NO_SHOW", "DECLINED")
CURRENCIES = ("EUR", "USD", "NPR")
DOCTORS, PATIENTS, SLOTS = 5, 40, 160

WORLD = """
INSERT INTO users (id, name, email)
  SELECT i, 'User ' || i, 'user' || i || '@example.org' FROM generate_series(1, 100) i;
INSERT INTO clinics (id, name, address, city, country, latitude, longitude, time_zone, currency)
  SELECT i, 'Clinic ' || i, '-', '-', 'DE', 0, 0, zone, 'EUR' FROM unnest($zones) WITH ORDINALITY z (zone, i);
INSERT INTO doctors (id, user_id, status, specialty, licence_number, currency)
  SELECT i, i, 'APPROVED', (ARRAY['Cardiology', 'Dentistry', 'Cardiology'])[1 + i % 3], 'L' || i, 'EUR'
  FROM generate_series(1, 5) i;
INSERT INTO doctor_clinics (doctor_id, clinic_id) SELECT d, c FROM generate_series(1, 5) d, generate_series(1, 4) c;
INSERT INTO patients (id, user_id) SELECT i, 40 + i FROM generate_series(1, 40) i;
"""

Change = Callable[[asyncpg.Connection, Random], Awaitable[object]]


async def fill(sql: asyncpg.Connection, random: Random) -> None:
    """Places, people and slots, two thirds of them within days of a clock change."""
    zones = "ARRAY['" + "','".join(ZONES) + "']"
    await sql.execute(WORLD.replace("$zones", zones))
    rows = []
    for number in range(SLOTS):
        doctor = 1 + number % DOCTORS
        start = random.choice(CLOCK_CHANGES) + timedelta(days=random.choice((-300, -40, -2, -1, 0, 0, 1, 2, 45)))
        start += timedelta(minutes=30 * random.randrange(48), days=number // 48)
        length = timedelta(minutes=random.choice((15, 25)))
        rows.append((doctor, random.randint(1, 4), start, start + length, random.choice((1, 1, 2, 3))))
    for row in rows:
        await quietly(
            sql.execute(
                "INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity) "
                "VALUES ($1, $2, $3, $4, $4, $5)",
                *row,
            )
        )


async def quietly(write: Awaitable[object]) -> bool:
    """Whether a write was done; what PostgreSQL refuses is left out."""
    try:
        await write
    except asyncpg.IntegrityConstraintViolationError:
        return False
    return True


async def book(sql: asyncpg.Connection, random: Random) -> None:
    (slot,) = await sql.fetch(
        "SELECT id, starts_at FROM slots ORDER BY (id * $1) % 1009 LIMIT 1", random.randrange(1009)
    )
    await sql.fetch("SELECT FROM slots WHERE id = $1 FOR UPDATE", slot["id"])
    booked = slot["starts_at"] - timedelta(hours=random.choice((-1, 0, 5, 23, 24, 25, 47, 48, 200, 900)))
    await sql.execute(
        "INSERT INTO appointments (slot_id, patient_id, status, booked_at, is_first_visit, is_override, pay_by) "
        "VALUES ($1, $2, $3, $4, $5, true, $6)",
        slot["id"],
        random.randint(1, PATIENTS),
        random.choice(STATUSES),
        booked,
        random.random() < 0.4,
        booked if random.random() < 0.3 else None,
    )


async def some_appointments(sql: asyncpg.Connection, random: Random, most: int) -> list[int]:
    """Locks some, in the order in which all who change appointments lock them, and then their slots."""
    chosen = "SELECT id FROM appointments ORDER BY (id * $1) % 1009 LIMIT $2"
    ids = sorted(row["id"] for row in await sql.fetch(chosen, random.randrange(1, 1009), random.randint(1, most)))
    await sql.execute("SELECT FROM appointments WHERE id = ANY ($1) ORDER BY id FOR UPDATE", ids)
    return ids


async def lock_slots(sql: asyncpg.Connection, ids: list[int], more: list[int]) -> None:
    await sql.execute(
        "SELECT FROM slots WHERE id IN (SELECT slot_id FROM appointments WHERE id = ANY ($1)) OR id = ANY ($2) "
        "ORDER BY id FOR UPDATE",
        ids,
        more,
    )


async def step(sql: asyncpg.Connection, random: Random) -> None:
    ids = await some_appointments(sql, random, 4)
    await lock_slots(sql, ids, [])
    status = random.choice(STATUSES)
    await sql.execute("UPDATE appointments SET status = $2 WHERE id = ANY ($1)", ids, status)
    if random.random() < 0.3:
        await sql.execute("UPDATE appointments SET notes = 'seen' WHERE id = ANY ($1)", ids)


async def reschedule(sql: asyncpg.Connection, random: Random) -> None:
    ids = await some_appointments(sql, random, 1)
    slots = await sql.fetch("SELECT id FROM slots ORDER BY (id * $1) % 1009 LIMIT 1", random.randrange(1009))
    await lock_slots(sql, ids, [slot["id"] for slot in slots])
    await sql.execute("UPDATE appointments SET slot_id = $2 WHERE id = ANY ($1)", ids, slots[0]["id"])


async def pay(sql: asyncpg.Connection, random: Random) -> None:
    for appointment in await some_appointments(sql, random, 3):
        amount = random.randint(1, 10_000)
        captured = random.choice((0, amount, amount // 2))
        at = random.choice(CLOCK_CHANGES) + timedelta(minutes=random.randrange(-3_000, 3_000))
        await sql.execute(
            "INSERT INTO payments "
            "(appointment_id, kind, amount_minor, captured_minor, currency, captured_at, created_at) "
            "VALUES ($1, 'LATE_FEE', $2, $3, $4, $5, $6)",
            *(appointment, amount, captured, random.choice(CURRENCIES), at if random.random() < 0.8 else None, at),
        )


async def refund(sql: asyncpg.Connection, random: Random) -> None:
    ids = await some_appointments(sql, random, 3)
    await sql.execute(
        "UPDATE payments SET captured_minor = amount_minor, captured_at = coalesce(captured_at, created_at), "
        "refunded_minor = greatest(refunded_minor, least(amount_minor, $2)) WHERE appointment_id = ANY ($1)",
        ids,
        random.choice((0, 10, 100_000)),
    )


async def offer(sql: asyncpg.Connection, random: Random) -> None:
    slots = await sql.fetch("SELECT id FROM slots ORDER BY (id * $1) % 1009 LIMIT 2", random.randrange(1009))
    ids = sorted(slot["id"] for slot in slots)
    await sql.execute("SELECT FROM slots WHERE id = ANY ($1) ORDER BY id FOR UPDATE", ids)
    await sql.execute(
        "UPDATE slots SET capacity = greatest(booked_count, $2::int, 1), is_active = $3 WHERE id = ANY ($1)",
        *(ids, random.randint(1, 3), random.random() < 0.7),
    )


async def remove(sql: asyncpg.Connection, random: Random) -> None:
    ids = await some_appointments(sql, random, 1)
    await lock_slots(sql, ids, [])
    await sql.execute(
        "DELETE FROM appointments a WHERE id = ANY ($1) "
        "AND NOT EXISTS (SELECT FROM payments WHERE appointment_id = a.id)",
        ids,
    )


CHANGES: tuple[Change, ...] = (book, book, book, book, step, step, reschedule, pay, pay, refund, offer, remove)


async def change(sql: asyncpg.Connection, random: Random) -> bool:
    """One change, in a transaction of its own; whether PostgreSQL let it."""

    async def write() -> None:
        async with sql.transaction():
            await random.choice(CHANGES)(sql, random)

    return await quietly(write())
