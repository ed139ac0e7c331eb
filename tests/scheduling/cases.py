"""For each mutation of scheduling a situation in which it can be done, and its input."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from tests.clinic_data import NOW
from tests.scheduling.asks import appointment, at, gid, patient, slot
from tests.scheduling.crowd import SQL, book, hold, offer

Case = Callable[[SQL], Awaitable[dict[str, Any]]]

LATER, TODAY, BEFORE = at(20, "08:00"), at(15, "12:30"), at(15, "11:00")
ROOMY = """
INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity)
SELECT 1, 1, t, t + interval '20 minutes', t + interval '20 minutes', 300
FROM (SELECT $1::timestamptz AS t) x RETURNING id
"""
TIDY = (
    """
    WITH over AS (
      UPDATE appointments SET status = 'CANCELLED', cancelled_at = $1::timestamptz WHERE id > 1000 AND keeps_seat
      RETURNING id
    )
    INSERT INTO appointment_timeline (appointment_id, from_status, to_status, happened_at)
    SELECT over.id, was.status, 'CANCELLED', $1 FROM over JOIN appointments was ON was.id = over.id
    """,
    "UPDATE holds SET released_at = $1::timestamptz WHERE released_at IS NULL",
    "UPDATE waitlist_offers SET status = 'EXPIRED' WHERE status = 'OPEN' AND $1::timestamptz IS NOT NULL",
    "UPDATE waitlist_entries SET status = 'LEFT' WHERE $1::timestamptz IS NOT NULL",
)


async def roomy_slot(sql: SQL, start: datetime = LATER) -> int:
    """A slot of doctor 1 at clinic 1 with room for all."""
    found: int | None = await sql.fetchval("SELECT id FROM slots WHERE doctor_id = 1 AND starts_at = $1", start)
    return await sql.fetchval(ROOMY, start) if found is None else found


async def tidy(sql: SQL) -> None:
    """Ends whatever a case has begun, so that the next may begin."""
    await sql.execute(
        "SELECT setval(pg_get_serial_sequence('appointments', 'id'), 1000 + nextval("
        "pg_get_serial_sequence('appointments', 'id')))"
    )
    for statement in TIDY:
        await sql.execute(statement, NOW)


async def visit(sql: SQL, status: str = "CONFIRMED", start: datetime = LATER) -> dict[str, Any]:
    """An appointment of patient 1 with doctor 1."""
    return {"appointmentId": appointment(await book(sql, await roomy_slot(sql, start), 1, status=status))}


async def seat(sql: SQL) -> dict[str, Any]:
    return {"slotId": slot(await roomy_slot(sql)), "patientId": patient(1)}


async def held(sql: SQL) -> dict[str, Any]:
    return {"holdId": gid("Hold", await hold(sql, await roomy_slot(sql), 1))}


async def offered(sql: SQL) -> dict[str, Any]:
    return {"offerId": gid("WaitlistOffer", await offer(sql, 1, await roomy_slot(sql)))}


async def waiting(sql: SQL) -> dict[str, Any]:
    entry = await sql.fetchval("INSERT INTO waitlist_entries (patient_id, doctor_ids) VALUES (1, '{1}') RETURNING id")
    return {"waitlistEntryId": gid("WaitlistEntry", entry)}


async def to_wait(_: SQL) -> dict[str, Any]:
    return {"patientId": patient(1), "doctorIds": [gid("Doctor", 1)]}


async def to_move(sql: SQL) -> dict[str, Any]:
    return {**await visit(sql), "slotId": slot(await roomy_slot(sql, at(21, "08:00")))}


def with_reason(case: Case) -> Case:
    async def make(sql: SQL) -> dict[str, Any]:
        return {**await case(sql), "reason": "because"}

    return make


def at_status(status: str, start: datetime = LATER) -> Case:
    async def make(sql: SQL) -> dict[str, Any]:
        return await visit(sql, status, start)

    return make


CASES: dict[str, Case] = {
    "holdSlot": seat,
    "renewHold": held,
    "releaseHold": held,
    "bookAppointment": seat,
    "confirmAppointment": at_status("PENDING"),
    "declineAppointment": with_reason(at_status("PENDING")),
    "checkIn": at_status("CONFIRMED", TODAY),
    "startVisit": at_status("CHECKED_IN", TODAY),
    "completeVisit": at_status("IN_PROGRESS", TODAY),
    "markNoShow": at_status("CONFIRMED", BEFORE),
    "cancelAppointment": with_reason(at_status("CONFIRMED")),
    "rescheduleAppointment": to_move,
    "overrideBooking": with_reason(seat),
    "joinWaitlist": to_wait,
    "leaveWaitlist": waiting,
    "acceptOffer": offered,
    "declineOffer": offered,
}
