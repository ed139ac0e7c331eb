"""A guardianship that is ended, and a dependant who becomes a user of her own."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from tests.client import Client
from tests.providers.asks import Clock, do, done, gid, outcome, said, server_over

CHILD = {"clinicId": gid("Clinic", 1), "name": "Kim Kid", "dateOfBirth": "2010-07-01", "phone": "+49 30 1234567"}
LOOK = "query ($id: ID!) { patient(id: $id) { name phone allergies ofAgeAt user { id email status } } }"
AUDITED = (
    "SELECT action, reason FROM audit_records WHERE patient_id = $1 AND action IN ('removeDependant', 'invitePatient')"
)
OF_AGE = datetime(2028, 6, 30, 22, tzinfo=UTC)


async def name(desk: Client, sql: Any, **more: Any) -> tuple[str, int]:
    """A dependant of patient 1: her id, and its number."""
    made = await done(desk, "addDependant", "patient", **{**CHILD, **more})
    return made["patient"]["id"], await sql.fetchval("SELECT max(id) FROM patients")


async def test_a_guardian_ends_it(desk: Client, sql: Any) -> None:
    child, number = await name(desk, sql)
    ended = await done(desk, "removeDependant", "patient", patientId=child, reason="Custody has changed")
    assert ended["guardian"] == {"id": gid("Patient", 1), "dependants": []}
    assert (await desk.ask(LOOK, {"id": child}, viewer="patient")).data == {"patient": None}
    assert await outcome(desk, "bookAppointment", "patient", patientId=child, slotId=gid("Slot", 160)) == "NOT_FOUND"
    kept = (await desk.ask(LOOK, {"id": child}, viewer="admin")).data["patient"]
    assert (kept["name"], kept["ofAgeAt"]) == ("Kim Kid", "2026-06-15T12:00:00Z")
    assert [tuple(row) for row in await sql.fetch(AUDITED, number)] == [("removeDependant", "Custody has changed")]
    told = await sql.fetchval(
        "SELECT count(*) FROM outbox_events WHERE name = 'patient.updated' AND aggregate_id = $1", number
    )
    assert told == 1
    assert await outcome(desk, "removeDependant", "patient", patientId=child) == "NOT_FOUND"
    assert said(await do(desk, "removeDependant", "admin", patientId=child)) == [("CONFLICT", "patientId")]


async def test_what_has_ended_does_not_come_back(desk: Client, sql: Any) -> None:
    """Though a day of birth that is corrected says anew when she comes of age."""
    child, _ = await name(desk, sql)
    await done(desk, "removeDependant", "patient", patientId=child)
    corrected = await done(desk, "updatePatient", "admin", patientId=child, version=2, dateOfBirth="2011-07-01")
    assert corrected["patient"]["ofAgeAt"] == "2026-06-15T12:00:00Z"
    assert (await desk.ask(LOOK, {"id": child}, viewer="patient")).data == {"patient": None}


async def test_appointments_ahead_stand_in_the_way_or_are_cancelled(desk: Client, sql: Any) -> None:
    await sql.execute(
        "INSERT INTO clinic_policies (clinic_id, version, confirmation, notice_to_cancel, late_fee_minor)"
        " VALUES (1, 1, 'AUTOMATIC', '24 hours', 1500)"
    )
    child, number = await name(desk, sql)
    for slot in (140, 160):  # tomorrow, within the notice; and three days ahead
        await sql.execute("UPDATE slots SET capacity = 2 WHERE id = $1", slot)
        await done(desk, "bookAppointment", "patient", patientId=child, slotId=gid("Slot", slot))
    await done(desk, "joinWaitlist", "patient", patientId=child, doctorIds=[gid("Doctor", 1)])
    refused = await do(desk, "removeDependant", "patient", patientId=child)
    assert said(refused) == [("CONFLICT", "cancelAppointments")]
    assert refused["affectedAppointments"]["count"] == len(refused["affectedAppointments"]["appointments"]) == 2
    cancel = {"patientId": child, "cancelAppointments": True}
    assert said(await do(desk, "removeDependant", "patient", **cancel)) == [("VALIDATION_ERROR", "reason")]
    assert (await done(desk, "removeDependant", "patient", **cancel, reason="Moved"))["affectedAppointments"][
        "count"
    ] == 2
    standing = await sql.fetch("SELECT status, cancel_reason FROM appointments WHERE patient_id = $1", number)
    assert [tuple(row) for row in standing] == [("CANCELLED", "Moved")] * 2
    fees = await sql.fetch(
        "SELECT p.kind, p.amount_minor, a.slot_id FROM payments p JOIN appointments a ON a.id = p.appointment_id"
        " WHERE a.patient_id = $1",
        number,
    )
    assert [tuple(fee) for fee in fees] == [("LATE_FEE", 1500, 140)]
    assert await sql.fetchval("SELECT status FROM waitlist_entries WHERE patient_id = $1", number) == "LEFT"


async def test_who_is_of_age_gets_a_user_of_her_own(desk: Client, sql: Any, clock: Clock) -> None:
    child, number = await name(desk, sql, language="de")
    await sql.execute("UPDATE patients SET registered_at_clinic_id = 1, allergies = 'Nuts' WHERE id = $1", number)
    hers = {"patientId": child, "email": "Kim@Example.org"}
    assert said(await do(desk, "invitePatient", "staff", **hers)) == [("CONFLICT", "patientId")]
    clock.now = OF_AGE
    # Not by the word of her former guardian, who does not even see her.
    for viewer, expected in (("patient", "NOT_FOUND"), ("staff of another", "NOT_FOUND"), ("doctor", "FORBIDDEN")):
        assert await outcome(desk, "invitePatient", viewer, **hers) == expected
    assert said(await do(desk, "invitePatient", "staff", **{**hers, "email": "kim"})) == [("VALIDATION_ERROR", "email")]
    taken = await do(desk, "invitePatient", "staff", **{**hers, "email": "patient1@example.org"})
    assert said(taken) == [("EMAIL_ALREADY_REGISTERED", "email")]
    invited = (await done(desk, "invitePatient", "staff", **hers))["patient"]
    assert (invited["name"], invited["phone"], invited["language"]) == ("Kim Kid", "+49301234567", "de")
    assert invited["user"]["email"] == "kim@example.org"
    user_id = await sql.fetchval("SELECT id FROM users WHERE email = 'kim@example.org'")
    assert await sql.fetchval("SELECT kind FROM outgoing_mails WHERE user_id = $1", user_id) == "INVITATION"
    assert await sql.fetchval("SELECT role FROM user_roles WHERE user_id = $1", user_id) == "PATIENT"
    herself = (await desk.ask(LOOK, {"id": child}, viewer=f"user {user_id} as patient {number}")).data["patient"]
    assert (herself["allergies"], herself["user"]["status"]) == ("Nuts", "INVITED")
    assert said(await do(desk, "invitePatient", "staff", **hers)) == [("CONFLICT", "patientId")]


async def test_the_same_key_invites_once(desk: Client, sql: Any) -> None:
    known = await done(desk, "createPatient", "staff", clinicId=gid("Clinic", 1), name="Nora New")
    given = {"patientId": known["patient"]["id"], "email": "nora@example.org", "idempotencyKey": "once"}
    for _ in range(2):
        assert (await done(desk, "invitePatient", "staff", **given))["patient"]["user"]["email"] == "nora@example.org"
    assert await sql.fetchval("SELECT count(*) FROM outgoing_mails") == 1


async def test_it_ends_while_bookings_pour_in(clinic: str, desk: Client, sql: Any) -> None:
    """Nothing is left ahead that nobody answers for."""
    child, number = await name(desk, sql)
    async with server_over(clinic) as other:
        books = [
            outcome((desk, other)[n % 2], "bookAppointment", "patient", patientId=child, slotId=gid("Slot", slot))
            for n, slot in enumerate((141, 150, 151, 160, 161, 170, 171))
        ]
        given = {"patientId": child, "cancelAppointments": True, "reason": "Moved"}
        outcomes = await asyncio.gather(*books[:4], outcome(other, "removeDependant", "patient", **given), *books[4:])
    assert outcomes.pop(4) == "done"
    assert set(outcomes) <= {"done", "NOT_FOUND", "FORBIDDEN"}
    kept = "SELECT count(*) FILTER (WHERE keeps_seat), count(*) FROM appointments WHERE patient_id = $1"
    assert tuple(await sql.fetchrow(kept, number)) == (0, outcomes.count("done"))
