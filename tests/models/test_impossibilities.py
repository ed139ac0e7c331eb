"""What PostgreSQL itself refuses, whoever writes: tried with plain SQL, alone and on parallel connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import asyncpg
import pytest

Write = Callable[[asyncpg.Connection], Awaitable[object]]

WORLD = """
    INSERT INTO users (id, name, email)
      SELECT i, 'User ' || i, 'user' || i || '@example.org' FROM generate_series(1, 200) i;
    INSERT INTO clinics (id, name, address, city, country, latitude, longitude, time_zone, currency) VALUES
      (1, 'East', '-', '-', 'NZ', -36.8, 174.7, 'Pacific/Auckland', 'NZD'),
      (2, 'West', '-', '-', 'US', 34.0, -118.2, 'America/Los_Angeles', 'USD');
    INSERT INTO doctors (id, user_id, status, specialty, licence_number, currency, daily_patient_limit) VALUES
      (1, 1, 'APPROVED', 'Cardiology', 'L1', 'USD', 3), (2, 2, 'APPROVED', 'Cardiology', 'L2', 'USD', NULL);
    INSERT INTO doctor_clinics (doctor_id, clinic_id) SELECT d, c FROM generate_series(1, 2) d, generate_series(1, 2) c;
    INSERT INTO patients (id, user_id) SELECT i, i FROM generate_series(3, 200) i;
"""


@pytest.fixture
async def sql(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute(WORLD)
    yield connection
    await connection.close()


async def slot(
    sql: asyncpg.Connection,
    start: str = "09:00",
    minutes: int = 30,
    *,
    buffer: int = 0,
    doctor: int = 2,
    **columns: object,
) -> int:
    """Adds a slot on 2 March 2026 (UTC); returns its id."""
    values = {"capacity": 1, "clinic_id": 1, "is_active": True} | columns
    added: int = await sql.fetchval(
        f"""
        INSERT INTO slots (doctor_id, starts_at, ends_at, blocked_until, {", ".join(values)})
        SELECT $1, at, at + $3 * interval '1 minute', at + ($3 + $4) * interval '1 minute',
               {", ".join(f"${n}" for n in range(5, 5 + len(values)))}
        FROM (SELECT date '2026-03-02' + $2::text::time AT TIME ZONE 'UTC' AS at) t RETURNING id
        """,
        *(doctor, start, minutes, buffer, *values.values()),
    )
    return added


async def book(sql: asyncpg.Connection, slot_id: int, patient: int, **columns: object) -> int:
    values = {"status": "CONFIRMED"} | columns
    added: int = await sql.fetchval(
        f"""
        INSERT INTO appointments (slot_id, patient_id, {", ".join(values)})
        VALUES ($1, $2, {", ".join(f"${n}" for n in range(3, 3 + len(values)))}) RETURNING id
        """,
        *(slot_id, patient, *values.values()),
    )
    return added


def refuses(constraint: str) -> "pytest.RaisesExc[asyncpg.IntegrityConstraintViolationError]":
    return pytest.raises(
        asyncpg.IntegrityConstraintViolationError, check=lambda error: error.constraint_name == constraint
    )


async def counts(sql: asyncpg.Connection, slot_id: int) -> tuple[int, int, int]:
    rows = await sql.fetch("SELECT booked_count, unpaid_count, held_count FROM slots WHERE id = $1", slot_id)
    return tuple(rows[0])


async def test_no_more_seats_than_the_capacity(sql: asyncpg.Connection) -> None:
    seat = await slot(sql, capacity=2)
    await book(sql, seat, 3)
    await book(sql, seat, 4)
    with refuses("slots_seats_within_capacity"):
        await book(sql, seat, 5)
    assert await counts(sql, seat) == (2, 0, 0)


async def test_holds_take_seats_too(sql: asyncpg.Connection) -> None:
    seat = await slot(sql)
    hold = "INSERT INTO holds (slot_id, patient_id, expires_at) VALUES ($1, $2, now() + interval '5 minutes')"
    await sql.execute(hold, seat, 3)
    with refuses("slots_seats_within_capacity"):
        await book(sql, seat, 4)
    with refuses("slots_seats_within_capacity"):
        await sql.execute(hold, seat, 4)
    await sql.execute("UPDATE holds SET released_at = now()")
    await book(sql, seat, 4)
    assert await counts(sql, seat) == (1, 0, 0)


@pytest.mark.parametrize("status", ["CANCELLED", "DECLINED"])
async def test_a_freed_seat_can_be_taken_again(sql: asyncpg.Connection, status: str) -> None:
    seat = await slot(sql)
    first = await book(sql, seat, 3)
    await sql.execute("UPDATE appointments SET status = $1 WHERE id = $2", status, first)
    await book(sql, seat, 4)
    with refuses("slots_seats_within_capacity"):
        await sql.execute("UPDATE appointments SET status = 'CONFIRMED' WHERE id = $1", first)
    assert await counts(sql, seat) == (1, 0, 0)


@pytest.mark.parametrize("status", ["PENDING", "CHECKED_IN", "IN_PROGRESS", "COMPLETED", "NO_SHOW"])
async def test_all_other_states_keep_the_seat(sql: asyncpg.Connection, status: str) -> None:
    seat = await slot(sql)
    first = await book(sql, seat, 3)
    await sql.execute("UPDATE appointments SET status = $1 WHERE id = $2", status, first)
    with refuses("slots_seats_within_capacity"):
        await book(sql, seat, 4)


async def test_moving_and_deleting_an_appointment_moves_its_seat(sql: asyncpg.Connection) -> None:
    early, late = await slot(sql, "09:00"), await slot(sql, "10:00")
    appointment = await book(sql, early, 3, status="PENDING", pay_by=None)
    await sql.execute("UPDATE appointments SET pay_by = now() WHERE id = $1", appointment)
    assert (await counts(sql, early), await counts(sql, late)) == ((1, 1, 0), (0, 0, 0))
    await sql.execute("UPDATE appointments SET slot_id = $1 WHERE id = $2", late, appointment)
    assert (await counts(sql, early), await counts(sql, late)) == ((0, 0, 0), (1, 1, 0))
    assert await sql.fetchval("SELECT a.starts_at = s.starts_at FROM appointments a JOIN slots s ON s.id = a.slot_id")
    await sql.execute("UPDATE appointments SET status = 'CONFIRMED', pay_by = NULL WHERE id = $1", appointment)
    assert await counts(sql, late) == (1, 0, 0)
    await sql.execute("DELETE FROM appointments")
    assert await counts(sql, late) == (0, 0, 0)


@pytest.mark.parametrize(
    ("start", "minutes", "buffer", "overlaps"),
    [
        ("09:15", 30, 0, True),
        ("08:30", 30, 0, False),
        ("08:30", 30, 1, True),
        ("09:39", 5, 0, True),
        ("09:40", 5, 0, False),
    ],
)
async def test_slots_of_a_doctor_do_not_overlap_buffers_included(
    sql: asyncpg.Connection, start: str, minutes: int, buffer: int, overlaps: bool
) -> None:
    await slot(sql, "09:00", 30, buffer=10)
    if not overlaps:
        await slot(sql, start, minutes, buffer=buffer)
        return
    for clinic in (1, 2):
        with refuses("slots_of_a_doctor_do_not_overlap"):
            await slot(sql, start, minutes, buffer=buffer, clinic_id=clinic)
    await slot(sql, start, minutes, buffer=buffer, doctor=1)


async def test_a_withdrawn_slot_gives_way_unless_somebody_sits_in_it(sql: asyncpg.Connection) -> None:
    empty = await slot(sql)
    await sql.execute("UPDATE slots SET is_active = FALSE WHERE id = $1", empty)
    taken = await slot(sql)
    with refuses("slots_of_a_doctor_do_not_overlap"):
        await sql.execute("UPDATE slots SET is_active = TRUE WHERE id = $1", empty)
    await book(sql, taken, 3)
    await sql.execute("UPDATE slots SET is_active = FALSE WHERE id = $1", taken)
    with refuses("slots_of_a_doctor_do_not_overlap"):
        await slot(sql)
    with refuses("slots_of_a_doctor_do_not_overlap"):
        await book(sql, empty, 4)


async def test_a_slot_does_not_move(sql: asyncpg.Connection) -> None:
    seat = await slot(sql)
    for change in ("starts_at = starts_at - interval '1 hour'", "doctor_id = 1", "clinic_id = 2"):
        with refuses("slots_do_not_move"):
            await sql.execute(f"UPDATE slots SET {change} WHERE id = $1", seat)


async def test_a_patient_is_in_one_place_at_a_time(sql: asyncpg.Connection) -> None:
    here, there = await slot(sql, "09:00"), await slot(sql, "09:15", doctor=1, clinic_id=2)
    after = await slot(sql, "09:45", doctor=1, clinic_id=2)
    await book(sql, here, 3)
    with refuses("appointments_of_a_patient_do_not_overlap"):
        await book(sql, there, 3)
    moved = await book(sql, after, 3)
    with refuses("appointments_of_a_patient_do_not_overlap"):
        await sql.execute("UPDATE appointments SET slot_id = $1 WHERE id = $2", there, moved)


async def test_a_patient_is_not_twice_in_one_slot(sql: asyncpg.Connection) -> None:
    seat = await slot(sql, capacity=3)
    await book(sql, seat, 3)
    with refuses("appointments_of_a_patient_do_not_overlap"):
        await book(sql, seat, 3)


async def test_copies_come_from_the_slot_whatever_is_written(sql: asyncpg.Connection) -> None:
    seat = await slot(sql, "11:30")
    appointment = await book(sql, seat, 3, doctor_id=1, clinic_id=2)
    (written,) = await sql.fetch(
        "SELECT doctor_id, clinic_id, local_day::text FROM appointments WHERE id = $1", appointment
    )
    # 11:30 UTC on 2 March is 00:30 on 3 March in Auckland.
    assert tuple(written) == (2, 1, "2026-03-03")
    await sql.execute("UPDATE appointments SET doctor_id = 1, starts_at = now()")
    assert await sql.fetchval("SELECT doctor_id FROM appointments") == 2
    with refuses("appointments_slot_id_fkey"):
        await book(sql, 999_999, 3)


async def test_a_day_has_no_more_appointments_than_the_limit(sql: asyncpg.Connection) -> None:
    """Three a day for doctor 1; the day is the clinic's: 07:00 and 08:30 UTC are two days in Los Angeles."""
    day_before = await slot(sql, "07:00", doctor=1, clinic_id=2)
    seats = [await slot(sql, f"{hour:02}:30", doctor=1, clinic_id=2) for hour in (8, 9, 10, 12)]
    await book(sql, day_before, 3)
    for seat in seats[:3]:
        await book(sql, seat, 3)
    with refuses("doctor_days_within_daily_limit"):
        await book(sql, seats[3], 3)
    await book(sql, seats[3], 4, is_override=True)
    with refuses("doctor_days_within_daily_limit"):
        await sql.execute("UPDATE appointments SET is_override = FALSE WHERE is_override")
    await sql.execute("UPDATE appointments SET status = 'CANCELLED' WHERE slot_id = $1", seats[0])
    await book(sql, seats[0], 5)
    await sql.execute("UPDATE doctors SET daily_patient_limit = 1 WHERE id = 1")
    await sql.execute("UPDATE appointments SET status = 'COMPLETED' WHERE slot_id = $1 AND keeps_seat", seats[0])
    assert await sql.fetchval("SELECT booked_count FROM doctor_days WHERE day = '2026-03-02'") == 3


async def race(dsn: str, writes: list[Write]) -> list[str | None]:
    """Runs all writes at once, each on a connection of its own; says for each the constraint that refused it.

    These writes take no locks beforehand, as the domain does, so two that meet in an exclusion constraint may each
    wait for the other; PostgreSQL then ends one, which is a refusal too: "deadlock".
    """
    connections = await asyncio.gather(
        *(asyncpg.connect(dsn, server_settings={"deadlock_timeout": "20ms"}) for _ in writes)
    )
    start = asyncio.Barrier(len(writes))

    async def run(connection: asyncpg.Connection, write: Write) -> str | None:
        await start.wait()
        try:
            await write(connection)
        except asyncpg.IntegrityConstraintViolationError as error:
            return error.constraint_name
        except asyncpg.DeadlockDetectedError:
            return "deadlock"
        return None

    try:
        return await asyncio.gather(*(run(*pair) for pair in zip(connections, writes, strict=True)))
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))


async def test_forty_at_once_for_five_seats(sql: asyncpg.Connection, database: str) -> None:
    seat = await slot(sql, capacity=5)
    outcomes = await race(database, [partial(book, slot_id=seat, patient=patient) for patient in range(3, 43)])
    assert (outcomes.count(None), outcomes.count("slots_seats_within_capacity")) == (5, 35)
    assert await counts(sql, seat) == (5, 0, 0)


async def test_one_patient_at_once_in_overlapping_slots(sql: asyncpg.Connection, database: str) -> None:
    seats = [await slot(sql, "09:00"), await slot(sql, "09:15", doctor=1)]
    outcomes = await race(database, [partial(book, slot_id=seats[n % 2], patient=3) for n in range(20)])
    assert outcomes.count(None) == 1
    refused = {"appointments_of_a_patient_do_not_overlap", "slots_seats_within_capacity", "deadlock"}
    assert set(outcomes) <= {None, *refused}
    assert await sql.fetchval("SELECT count(*) FROM appointments") == 1


async def test_overlapping_slots_at_once(sql: asyncpg.Connection, database: str) -> None:
    outcomes = await race(database, [partial(slot, start=f"09:{n:02}") for n in range(20)])
    assert outcomes.count(None) == 1
    assert await sql.fetchval("SELECT count(*) FROM slots") == 1


async def test_the_daily_limit_at_once(sql: asyncpg.Connection, database: str) -> None:
    seats = [await slot(sql, f"{hour:02}:30", doctor=1, clinic_id=2) for hour in range(9, 19)]
    outcomes = await race(database, [partial(book, slot_id=seat, patient=3 + n) for n, seat in enumerate(seats)])
    assert (outcomes.count(None), outcomes.count("doctor_days_within_daily_limit")) == (3, 7)


async def test_the_books_balance_at_commit(sql: asyncpg.Connection) -> None:
    entry = "INSERT INTO ledger_entries (transaction_id, account, amount_minor, currency) VALUES (1, $1, $2, $3)"
    with refuses("ledger_entries_balance"):
        async with sql.transaction():
            await sql.execute("INSERT INTO ledger_transactions (id, description, occurred_at) VALUES (1, '-', now())")
            await sql.execute(entry, "GATEWAY_CLEARING", 100, "USD")
            await sql.execute(entry, "PLATFORM_FEE", -100, "EUR")
    async with sql.transaction():
        await sql.execute("INSERT INTO ledger_transactions (id, description, occurred_at) VALUES (1, '-', now())")
        await sql.execute(entry, "GATEWAY_CLEARING", 100, "USD")
        await sql.execute(entry, "PLATFORM_FEE", -100, "USD")
    for change in ("UPDATE ledger_entries SET amount_minor = 5", "DELETE FROM ledger_entries"):
        with refuses("ledger_entries_append_only"):
            await sql.execute(change)
