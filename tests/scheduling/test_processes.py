"""Two real server processes over one database, on sockets; and one that is killed at any moment."""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.scheduling.asks import gid, patient, slot
from tests.scheduling.crowd import CROWD, SQL, add_slots
from tests.scheduling.invariants import broken
from tests.scheduling.processes import Server, a_free_port, servers

ROUNDS = 20
SEATS = 5
KILLED = 2


def in_a_month() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=30)


async def test_two_hundred_want_one_of_five_seats(crowded: str, sql: SQL, tmp_path: Path) -> None:
    async with servers(crowded, tmp_path, [a_free_port(), a_free_port()]) as two:
        wanted = await add_slots(sql, ROUNDS + 1, in_a_month(), capacity=SEATS)
        for each in wanted[:ROUNDS]:
            asks = [
                two[n % 2].ask("bookAppointment", slotId=slot(each), patientId=patient(n), idempotencyKey=f"{each} {n}")
                for n in CROWD
            ]
            answers = await asyncio.gather(*asks)
            found = Counter(error["code"] for answer in answers for error in answer["userErrors"])
            assert found == {"SLOT_UNAVAILABLE": len(CROWD) - SEATS}
            assert await sql.fetchval("SELECT booked_count FROM slots WHERE id = $1", each) == SEATS
            others = [answer["userErrors"][0]["alternatives"] for answer in answers if answer["userErrors"]]
            assert all(1 <= len(slots) <= 3 for slots in others)
    assert await broken(crowded) == {}


async def book_until_killed(server: Server, wanted: list[int], rounds: str) -> dict[str, str]:
    """Books one seat for each of many patients; the appointments that were acknowledged, by key."""
    acknowledged: dict[str, str] = {}

    async def one(n: int) -> None:
        key = f"{rounds} {n}"
        with contextlib.suppress(httpx.TransportError):
            answer = await server.ask(
                "bookAppointment", slotId=slot(wanted[n % len(wanted)]), patientId=patient(n), idempotencyKey=key
            )
            if answer["appointment"] is not None:
                acknowledged[key] = answer["appointment"]["id"]

    await asyncio.gather(*(one(n) for n in CROWD))
    return acknowledged


async def test_a_server_that_is_killed_loses_nothing(crowded: str, sql: SQL, tmp_path: Path) -> None:
    chance = random.Random(5)
    start = in_a_month()
    acknowledged: dict[str, str] = {}
    for times in range(KILLED):
        wanted = await add_slots(sql, 20, start + timedelta(days=times), capacity=5)
        async with servers(crowded, tmp_path, [a_free_port()]) as (server,):
            load = asyncio.create_task(book_until_killed(server, wanted, str(times)))
            enough = chance.randrange(5, 60)
            while not load.done() and await sql.fetchval(BOOKED, wanted) < enough:
                await asyncio.sleep(0.001)
            server.process.kill()
            acknowledged |= await load
    kept = {gid("Appointment", row["id"]) for row in await sql.fetch("SELECT id FROM appointments WHERE keeps_seat")}
    assert set(acknowledged.values()) <= kept
    assert len(acknowledged) > 0
    # Whatever was committed has everything that belongs to it: a key with its answer, an audit record, an event.
    assert await sql.fetch(INCOMPLETE) == []
    assert await broken(crowded) == {}
    async with servers(crowded, tmp_path, [a_free_port()]) as (server,):
        for times in range(KILLED):
            wanted = [row["id"] for row in await sql.fetch(OF_A_DAY, start + timedelta(days=times))]
            again = await book_until_killed(server, wanted, str(times))
            before = {key: made for key, made in acknowledged.items() if key.startswith(f"{times} ")}
            assert before.items() <= again.items()
    assert await broken(crowded) == {}


BOOKED = "SELECT count(*) FROM appointments WHERE slot_id = ANY ($1)"
OF_A_DAY = "SELECT id FROM slots WHERE starts_at >= $1 AND starts_at < $1 + interval '1 day' ORDER BY starts_at"
INCOMPLETE = """
SELECT a.id FROM appointments a WHERE a.booked_at > '2026-06-15' AND a.slot_id > 400 AND NOT (
  EXISTS (SELECT FROM audit_records r WHERE r.entity = 'Appointment' AND r.entity_id = a.id)
  AND EXISTS (SELECT FROM outbox_events e WHERE e.aggregate = 'Appointment' AND e.aggregate_id = a.id)
  AND EXISTS (SELECT FROM idempotency_keys k WHERE (k.answer ->> 'appointment_id')::bigint = a.id))
"""
