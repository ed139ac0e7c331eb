"""What has expired counts as free at once, everywhere, with no job to do it; what cannot be booked is not offered."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.client import Client
from tests.clinic_data import load

SLOT = 150  # doctor 1 at clinic 1, 17 June 09:00 UTC, one seat; its hold has expired
QUERY = """{
  slots(first: 100, filter: { doctorIds: ["RG9jdG9yOjE"] }) { edges { node { id } } }
  doctor(id: "RG9jdG9yOjE") { nextSlots(first: 20) { id } slots(first: 100) { edges { node { id } } } }
  node(id: "U2xvdDoxNTA") { ... on Slot { availableSeats } }
}"""


@pytest.fixture
async def sql(database: str) -> AsyncIterator[asyncpg.Connection]:
    await load(database, 3)
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def offered(database: str, viewer: str = "anonymous") -> tuple[bool, bool, bool, int | None]:
    """Whether the slot is in the search, in `nextSlots`, in the doctor's free slots; and the seats it shows."""
    async with Client.of(database) as client:
        data = (await client.ask(QUERY, viewer=viewer)).data
    slot = "U2xvdDoxNTA"
    searched = {edge["node"]["id"] for edge in data["slots"]["edges"]}
    listed = {edge["node"]["id"] for edge in data["doctor"]["slots"]["edges"]}
    following = {each["id"] for each in data["doctor"]["nextSlots"]}
    shown = data["node"] and data["node"]["availableSeats"]
    return slot in searched, slot in following, slot in listed, shown


async def test_an_expired_hold_is_free(sql: asyncpg.Connection, database: str) -> None:
    assert await offered(database) == (True, True, True, 1)


async def test_a_live_hold_is_not(sql: asyncpg.Connection, database: str) -> None:
    await sql.execute("UPDATE holds SET expires_at = '2026-06-15 12:00:01Z' WHERE slot_id = $1", SLOT)
    assert await offered(database) == (False, False, False, None)
    assert await offered(database, "doctor") == (False, False, False, 0)


@pytest.mark.parametrize(("pay_by", "free"), [("2026-06-15 11:59Z", True), ("2026-06-15 12:01Z", False)])
async def test_an_unpaid_booking_lapses(sql: asyncpg.Connection, database: str, pay_by: str, free: bool) -> None:
    await sql.execute("UPDATE holds SET released_at = now()")
    await sql.execute(
        f"INSERT INTO appointments (slot_id, patient_id, status, pay_by) VALUES ($1, 1, 'PENDING', '{pay_by}')", SLOT
    )
    assert await offered(database) == ((True, True, True, 1) if free else (False, False, False, None))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE doctors SET licence_expires_on = '2026-06-17'",
        "UPDATE doctors SET status = 'INACTIVE'",
        "UPDATE clinics SET is_active = FALSE",
        "UPDATE slots SET is_active = FALSE",
    ],
)
async def test_what_cannot_be_booked_is_not_offered(sql: asyncpg.Connection, database: str, change: str) -> None:
    await sql.execute(change)
    assert (await offered(database, "service"))[:3] == (False, False, False)


async def test_a_licence_counts_until_the_day_before_it_expires(sql: asyncpg.Connection, database: str) -> None:
    await sql.execute("UPDATE doctors SET licence_expires_on = '2026-06-18'")
    assert (await offered(database))[:3] == (True, True, True)
