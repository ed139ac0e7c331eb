"""Patients: registered at a desk, changed by herself or the staff of her clinics, and by nobody else."""

import asyncio
from typing import Any

from tests.client import Client
from tests.providers.asks import do, done, gid, outcome, said, server_over

ONE = gid("Clinic", 1)
ANNA = {
    "clinicId": ONE,
    "name": "Anna Arrival",
    "email": "Anna@example.org",
    "phone": "030 1234567",
    "dateOfBirth": "1990-05-01",
    "bloodGroup": "O_NEGATIVE",
    "allergies": "Penicillin",
    "language": "de",
    "notificationChannels": ["SMS", "EMAIL", "SMS"],
}
FIRST = gid("Patient", 1)
LOOK = "query ($id: ID!) { patient(id: $id) { name } }"
CANNOT_BE: list[tuple[str, Any]] = [
    ("name", " "),
    ("name", "x" * 201),
    ("email", "anna"),
    ("phone", "123456789012345678901"),
    ("dateOfBirth", "2026-06-16"),
    ("dateOfBirth", "1896-01-01"),
    ("allergies", "x" * 5001),
    ("emergencyContact", "x" * 501),
    ("language", "german"),
]


async def test_registered_at_the_desk(desk: Client, sql: Any) -> None:
    for viewer in ("anonymous", "patient", "doctor", "manager of another"):
        expected = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
        assert await outcome(desk, "createPatient", viewer, **ANNA) == expected, viewer
    anna = (await done(desk, "createPatient", "staff", **ANNA))["patient"]
    assert (anna["name"], anna["phone"], anna["language"]) == ("Anna Arrival", "+49301234567", "de")
    assert (anna["notificationChannels"], anna["user"]["email"]) == (["EMAIL", "SMS"], "anna@example.org")
    assert anna["registeredAt"] == {"id": ONE}
    user = await sql.fetchrow("SELECT id, status FROM users WHERE email = 'anna@example.org'")
    assert user["status"] == "INVITED"
    assert await sql.fetchval("SELECT kind FROM outgoing_mails WHERE user_id = $1", user["id"]) == "INVITATION"
    assert await sql.fetchval("SELECT count(*) FROM outbox_events WHERE name = 'patient.created'") == 1
    # Her clinic sees her before her first appointment; others do not.
    for viewer, seen in (("staff", True), ("manager", True), ("admin", True), ("manager of another", False)):
        data = (await desk.ask(LOOK, {"id": anna["id"]}, viewer=viewer)).data
        assert (data["patient"] is not None) == seen, viewer
    assert (await desk.ask(LOOK, {"id": anna["id"]}, viewer="doctor")).data == {"patient": None}
    again = await do(desk, "createPatient", "staff", **ANNA)
    assert said(again) == [("EMAIL_ALREADY_REGISTERED", "email")]


async def test_without_an_address(desk: Client) -> None:
    given = {name: value for name, value in ANNA.items() if name != "email"}
    walked_in = (await done(desk, "createPatient", "staff", **given))["patient"]
    assert (walked_in["user"], walked_in["name"], walked_in["phone"]) == (None, "Anna Arrival", "+49301234567")
    found = await desk.ask('{ patients(filter: {search: "anna"}) { edges { node { id } } } }', viewer="staff")
    assert found.data["patients"]["edges"] == [{"node": {"id": walked_in["id"]}}]
    booked = await do(desk, "bookAppointment", "staff", slotId=gid("Slot", 150), patientId=walked_in["id"])
    assert booked["userErrors"] == []


async def test_what_a_patient_cannot_be(desk: Client) -> None:
    for field, value in CANNOT_BE:
        refused = await do(desk, "createPatient", "staff", **{**ANNA, field: value})
        assert (said(refused), refused["patient"]) == ([("VALIDATION_ERROR", field)], None)


async def test_who_may_change_her(desk: Client, sql: Any) -> None:
    asked = {"patientId": FIRST, "version": 1, "allergies": "Nuts"}
    assert await outcome(desk, "updatePatient", "anonymous", **asked) == "UNAUTHENTICATED"
    assert await outcome(desk, "updatePatient", "patient without scopes", **asked) == "FORBIDDEN"
    assert await outcome(desk, "updatePatient", "doctor", **asked) == "FORBIDDEN"
    for viewer in ("stranger", "staff of another"):
        assert await outcome(desk, "updatePatient", viewer, **asked) == "NOT_FOUND", viewer
    version = 1
    for viewer in ("patient", "staff", "manager", "admin", "service"):
        changed = await done(desk, "updatePatient", viewer, **{**asked, "version": version, "allergies": viewer})
        version += 1
        assert (changed["patient"]["allergies"], changed["patient"]["version"]) == (viewer, version)
    assert await sql.fetchval("SELECT count(*) FROM outbox_events WHERE name = 'patient.updated'") == 5
    audited = await sql.fetch("SELECT user_id FROM audit_records WHERE action = 'updatePatient' AND patient_id = 1")
    assert len(audited) == 5


async def test_what_is_not_sent_stays(desk: Client, sql: Any) -> None:
    renamed = await done(
        desk, "updatePatient", "staff", patientId=FIRST, version=1, name="Zoe Zed", phone="+4930123456"
    )
    patient = renamed["patient"]
    assert (patient["name"], patient["phone"], patient["dateOfBirth"]) == ("Zoe Zed", "+4930123456", "1980-01-02")
    assert await sql.fetchval("SELECT name FROM users WHERE id = 2001") == "Zoe Zed"
    cleared = await done(
        desk, "updatePatient", "staff", patientId=FIRST, version=2, phone=None, notificationChannels=[]
    )
    assert (cleared["patient"]["phone"], cleared["patient"]["notificationChannels"]) == (None, [])
    refused = await do(desk, "updatePatient", "patient", patientId=FIRST, version=3, dateOfBirth="1981-01-01")
    assert said(refused) == [("VALIDATION_ERROR", "dateOfBirth")]
    await done(desk, "updatePatient", "staff", patientId=FIRST, version=3, dateOfBirth="1981-01-01")


async def test_two_editors_at_once(clinic: str, desk: Client) -> None:
    async with server_over(clinic) as other:
        payloads = await asyncio.gather(
            do(desk, "updatePatient", "patient", patientId=FIRST, version=1, allergies="Nuts"),
            do(other, "updatePatient", "staff", patientId=FIRST, version=1, emergencyContact="Her sister"),
        )
    lost = [payload for payload in payloads if payload["userErrors"]]
    assert [said(payload) for payload in lost] == [[("CONFLICT", "version")]]
    assert lost[0]["patient"]["version"] == 2


async def test_her_status_is_for_staff(desk: Client) -> None:
    asked = {"patientId": FIRST, "status": "INACTIVE", "reason": "Moved away"}
    for viewer, expected in (("anonymous", "UNAUTHENTICATED"), ("patient", "FORBIDDEN"), ("doctor", "FORBIDDEN")):
        assert await outcome(desk, "setPatientStatus", viewer, **asked) == expected
    assert await outcome(desk, "setPatientStatus", "stranger", **asked) == "NOT_FOUND"
    assert (await done(desk, "setPatientStatus", "staff", **asked))["patient"]["status"] == "INACTIVE"
    assert await outcome(desk, "holdSlot", "patient", slotId=gid("Slot", 150)) == "VALIDATION_ERROR"
    back = await done(desk, "setPatientStatus", "manager", patientId=FIRST, status="VIP", version=2)
    assert back["patient"]["status"] == "VIP"
