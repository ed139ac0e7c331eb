"""Dependants: seen by their guardian until the day on which they come of age, where the clinic is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.patients.coming_of_age import of_age_at
from tests.client import Client
from tests.providers.asks import Clock, do, done, gid, outcome, said

CHILD = {"clinicId": gid("Clinic", 1), "name": "Kim Kid", "dateOfBirth": "2010-07-01"}
LOOK = "query ($id: ID!) { patient(id: $id) { name user { id } guardian { id } } }"
MINE = "query ($id: ID!) { patient(id: $id) { dependants { name } appointments { edges { node { slot { id } } } } } }"


@pytest.mark.parametrize(
    ("born", "country", "zone", "midnight"),
    [
        (date(2010, 7, 1), "DE", "Europe/Berlin", "2028-06-30T22:00Z"),
        (date(2010, 7, 1), "US", "America/New_York", "2028-07-01T04:00Z"),
        # By law of full age at 20, but without a guardian from 18 on; and a country that nobody has looked up.
        (date(2010, 7, 1), "NZ", "Pacific/Auckland", "2028-06-30T12:00Z"),
        (date(2010, 7, 1), "BT", "Asia/Thimphu", "2028-06-30T18:00Z"),
        (date(2010, 7, 1), "KR", "Asia/Seoul", "2029-06-30T15:00Z"),
        (date(2010, 7, 1), "SG", "Asia/Singapore", "2031-06-30T16:00Z"),
        (date(2008, 2, 29), "GB", "Europe/London", "2026-03-01T00:00Z"),
        (date(2008, 2, 29), "SG", "UTC", "2029-03-01T00:00Z"),
    ],
)
def test_when_somebody_comes_of_age(born: date, country: str, zone: str, midnight: str) -> None:
    assert of_age_at(born, country, zone) == datetime.fromisoformat(midnight)


async def test_a_guardian_and_nobody_else_sees_her(desk: Client, clock: Clock) -> None:
    child = (await done(desk, "addDependant", "patient", **CHILD))["patient"]
    assert (child["guardian"], child["user"], child["ofAgeAt"]) == (
        {"id": gid("Patient", 1)},
        None,
        "2028-06-30T22:00:00Z",
    )
    for viewer in ("stranger", "doctor", "staff", "manager", "manager of another"):
        assert (await desk.ask(LOOK, {"id": child["id"]}, viewer=viewer)).data == {"patient": None}, viewer
    seen = {"patient": {"name": "Kim Kid", "user": None, "guardian": {"id": gid("Patient", 1)}}}
    assert (await desk.ask(LOOK, {"id": child["id"]}, viewer="patient")).data == seen
    mine = await desk.ask(MINE, {"id": gid("Patient", 1)}, viewer="patient")
    assert mine.data["patient"]["dependants"] == [{"name": "Kim Kid"}]
    # The guardian's access ends at that instant, and nobody had to do anything.
    clock.now = datetime(2028, 6, 30, 22, tzinfo=UTC) - timedelta(microseconds=1)
    assert (await desk.ask(LOOK, {"id": child["id"]}, viewer="patient")).data == seen
    clock.now += timedelta(microseconds=1)
    assert (await desk.ask(LOOK, {"id": child["id"]}, viewer="patient")).data == {"patient": None}
    assert await outcome(desk, "updatePatient", "patient", patientId=child["id"], version=1, phone=None) == "NOT_FOUND"


async def test_her_guardian_keeps_her_record(desk: Client) -> None:
    child = (await done(desk, "addDependant", "patient", **CHILD))["patient"]["id"]
    changed = await done(desk, "updatePatient", "patient", patientId=child, version=1, allergies="Nuts", language="de")
    assert (changed["patient"]["allergies"], changed["patient"]["language"]) == ("Nuts", "de")
    refused = await do(desk, "updatePatient", "patient", patientId=child, version=2, dateOfBirth="2020-01-01")
    assert said(refused) == [("VALIDATION_ERROR", "dateOfBirth")]
    corrected = await done(desk, "updatePatient", "admin", patientId=child, version=2, dateOfBirth="2011-07-01")
    assert corrected["patient"]["ofAgeAt"] == "2029-06-30T22:00:00Z"
    assert await outcome(desk, "setPatientStatus", "patient", patientId=child, status="VIP") == "FORBIDDEN"
    assert await outcome(desk, "updatePatient", "stranger", patientId=child, version=3, phone=None) == "NOT_FOUND"


async def test_her_appointments_are_her_guardians_to_see(desk: Client, sql: Any) -> None:
    child = (await done(desk, "addDependant", "patient", **CHILD))["patient"]["id"]
    child_row = await sql.fetchval("SELECT id FROM patients WHERE name = 'Kim Kid'")
    await sql.execute(
        "INSERT INTO appointments (slot_id, patient_id, status, booked_at) VALUES (160, $1, 'CONFIRMED', now())",
        child_row,
    )
    seen = await desk.ask(MINE, {"id": child}, viewer="patient")
    assert seen.data["patient"]["appointments"]["edges"] == [{"node": {"slot": {"id": gid("Slot", 160)}}}]
    # Now she is a patient of doctor 1 and clinic 1 as well.
    for viewer, found in (("doctor", True), ("staff", True), ("doctor of another", False), ("stranger", False)):
        data = (await desk.ask(LOOK, {"id": child}, viewer=viewer)).data
        assert (data["patient"] is not None) == found, viewer


async def test_who_may_name_whose(desk: Client) -> None:
    for viewer, expected in (
        ("anonymous", "UNAUTHENTICATED"),
        ("doctor", "FORBIDDEN"),
        ("service", "VALIDATION_ERROR"),
    ):
        assert await outcome(desk, "addDependant", viewer, **CHILD) == expected, viewer
    given = {**CHILD, "guardianId": gid("Patient", 1)}
    assert await outcome(desk, "addDependant", "stranger", **given) == "NOT_FOUND"
    for viewer in ("staff", "admin", "patient"):
        assert await outcome(desk, "addDependant", viewer, **given) == "done", viewer
    child = (await done(desk, "addDependant", "patient", **CHILD))["patient"]["id"]
    for viewer in ("patient", "admin"):
        refused = await outcome(desk, "addDependant", viewer, **{**CHILD, "guardianId": child})
        assert refused in ("FORBIDDEN", "VALIDATION_ERROR")


async def test_what_a_dependant_cannot_be(desk: Client) -> None:
    wrong = [
        ("dateOfBirth", "2008-06-15", "dateOfBirth"),
        ("dateOfBirth", "2026-06-16", "dateOfBirth"),
        ("name", "", "name"),
        ("clinicId", gid("Doctor", 1), "clinicId"),
    ]
    for field, value, named in wrong:
        assert said(await do(desk, "addDependant", "patient", **{**CHILD, field: value})) == [
            ("VALIDATION_ERROR", named)
        ]
    missing = await do(desk, "addDependant", "patient", **{**CHILD, "clinicId": gid("Clinic", 99)})
    assert said(missing) == [("NOT_FOUND", "clinicId")]
