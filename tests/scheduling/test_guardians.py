"""A guardian books, moves and cancels for a child, until the child is of age."""

import asyncpg

from tests.client import Client
from tests.scheduling.asks import answer_of, codes, do, gid

CHILD = """
INSERT INTO patients (id, name, guardian_id, of_age_at, of_age_clinic_id, date_of_birth)
VALUES (77, 'Child of Z', 1, $1::timestamptz, 1, date '2015-01-01')
"""


async def child(clinic: str, of_age_at: str) -> None:
    sql = await asyncpg.connect(clinic)
    await sql.execute(CHILD.replace("$1", f"'{of_age_at}'"))
    await sql.close()


async def test_a_guardian_books_moves_and_cancels(writer: Client, clinic: str) -> None:
    await child(clinic, "2033-01-01 00:00Z")
    booked = await do(writer, "bookAppointment", "patient", slotId=gid("Slot", 250), patientId=gid("Patient", 77))
    assert booked["userErrors"] == []
    booked_id = booked["appointment"]["id"]
    moved = await do(writer, "rescheduleAppointment", "patient", appointmentId=booked_id, slotId=gid("Slot", 260))
    assert (moved["appointment"]["slot"]["id"], moved["userErrors"]) == (gid("Slot", 260), [])
    cancelled = await do(writer, "cancelAppointment", "patient", appointmentId=booked_id, reason="Better again")
    assert cancelled["appointment"]["status"] == "CANCELLED"


async def test_nobody_else_does(writer: Client, clinic: str) -> None:
    await child(clinic, "2033-01-01 00:00Z")
    refused = await do(writer, "bookAppointment", "stranger", slotId=gid("Slot", 250), patientId=gid("Patient", 77))
    assert codes(refused) == ["NOT_FOUND"]
    booked = await do(writer, "bookAppointment", "patient", slotId=gid("Slot", 250), patientId=gid("Patient", 77))
    answer = await answer_of(
        writer, "cancelAppointment", "stranger", appointmentId=booked["appointment"]["id"], reason="Mine"
    )
    assert codes(answer.data["cancelAppointment"]) == ["NOT_FOUND"]


async def test_it_ends_when_the_child_is_of_age(writer: Client, clinic: str) -> None:
    await child(clinic, "2026-06-15 12:00Z")  # NOW
    refused = await do(writer, "bookAppointment", "patient", slotId=gid("Slot", 250), patientId=gid("Patient", 77))
    assert codes(refused) == ["NOT_FOUND"]
