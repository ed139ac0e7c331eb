"""What has run out is let go of, offered on, and told."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.clinic_data import NOW
from tests.worker.test_sequencing import connections
from worker.chores import Desk, sweep_slots

LATER = NOW + timedelta(minutes=30)
EVENTS = """
SELECT name, (payload ->> 'slot_id')::int AS slot_id, payload ->> 'expires_at' AS until, payload ->> 'status' AS status
FROM outbox_events ORDER BY id
"""


async def swept(dsn: str, at: datetime, times: int = 1) -> list[int]:
    async with connections(dsn, 4) as own:
        desk = Desk(own, dsn, lambda: at)
        return await asyncio.gather(*(sweep_slots(desk) for _ in range(times)))


async def events(sql: "asyncpg.Connection[Any]") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await sql.fetch(EVENTS)]


async def wait_for_slot(sql: "asyncpg.Connection[Any]", patient: int, doctor: int = 1) -> int:
    """Somebody joins the waitlist; the entry's id."""
    statement = "INSERT INTO waitlist_entries (patient_id, doctor_ids) VALUES ($1, $2) RETURNING id"
    return int(await sql.fetchval(statement, patient, [doctor]))


@pytest.fixture
async def sql(clinic: str) -> Any:
    connection = await asyncpg.connect(clinic)
    yield connection
    await connection.close()


async def test_a_hold_that_has_expired(clinic: str, sql: "asyncpg.Connection[Any]") -> None:
    """Slot 150's hold has; slot 141's lives. Swept again, there is nothing to do."""
    assert await swept(clinic, NOW) == [1]
    assert await sql.fetchval("SELECT held_count FROM slots WHERE id = 150") == 0
    assert await sql.fetchval("SELECT held_count FROM slots WHERE id = 141") == 1
    assert await events(sql) == [("slot.changed", 150, None, None)]
    assert await swept(clinic, NOW) == [0]
    assert len(await events(sql)) == 1


async def test_sweeping_at_the_same_time(clinic: str, sql: "asyncpg.Connection[Any]") -> None:
    assert sum(await swept(clinic, LATER, times=4)) == 2
    assert [slot for _, slot, *_ in await events(sql)] in ([141, 150], [150, 141])


async def test_a_booking_that_was_not_paid(clinic: str, sql: "asyncpg.Connection[Any]") -> None:
    await sql.execute("UPDATE appointments SET pay_by = $1 WHERE id = 5", NOW + timedelta(minutes=1))
    await swept(clinic, NOW)
    assert await sql.fetchval("SELECT status FROM appointments WHERE id = 5") == "PENDING"
    await swept(clinic, LATER)
    assert await sql.fetchval("SELECT status FROM appointments WHERE id = 5") == "CANCELLED"
    assert ("appointment.cancelled", 241, None, "CANCELLED") in await events(sql)
    audited = "SELECT client_id FROM audit_records WHERE action = 'lapse' AND entity_id = 5"
    assert await sql.fetchval(audited) == "clinicgraph"


async def test_a_freed_seat_goes_to_the_next_in_line(clinic: str, sql: "asyncpg.Connection[Any]") -> None:
    """And when she does not take it, to the one after her; both wait on for another."""
    first, second = await wait_for_slot(sql, 3), await wait_for_slot(sql, 1)
    assert await swept(clinic, NOW) == [1]
    offers = "SELECT entry_id, status FROM waitlist_offers WHERE slot_id = 150 ORDER BY id"
    assert [tuple(row) for row in await sql.fetch(offers)] == [(first, "OPEN")]
    deadline = await sql.fetchval("SELECT expires_at FROM holds WHERE slot_id = 150 AND released_at IS NULL")
    assert ("slot.changed", 150, deadline.isoformat(), None) in await events(sql)
    assert await swept(clinic, deadline - timedelta(seconds=1)) != [0], "the other slot's hold has expired meanwhile"
    await swept(clinic, deadline)
    assert [tuple(row) for row in await sql.fetch(offers)] == [(first, "EXPIRED"), (second, "OPEN")]
    statuses = dict(await sql.fetch("SELECT id, status FROM waitlist_entries"))
    assert statuses[first] in ("WAITING", "OFFERED"), "she waits on, or was offered the other slot"
    assert statuses[second] == "OFFERED"
    deadline = await sql.fetchval("SELECT max(expires_at) FROM holds WHERE released_at IS NULL")
    await swept(clinic, deadline)
    assert await sql.fetchval("SELECT count(*) FROM waitlist_offers WHERE status = 'OPEN'") == 0
    assert await sql.fetchval("SELECT held_count FROM slots WHERE id = 150") == 0
    assert set(dict(await sql.fetch("SELECT id, status FROM waitlist_entries")).values()) == {"WAITING"}


async def test_an_offer_whose_hold_somebody_else_let_go_of(clinic: str, sql: "asyncpg.Connection[Any]") -> None:
    """A booking in the same slot has released the expired hold on the way."""
    entry = await wait_for_slot(sql, 3)
    await swept(clinic, NOW)
    await sql.execute("UPDATE holds SET released_at = expires_at WHERE slot_id = 150 AND released_at IS NULL")
    await swept(clinic, NOW)
    offer = "SELECT status FROM waitlist_offers WHERE slot_id = 150 AND entry_id = $1"
    assert await sql.fetchval(offer, entry) == "EXPIRED"
    assert await sql.fetchval("SELECT status FROM waitlist_entries WHERE id = $1", entry) == "WAITING"
