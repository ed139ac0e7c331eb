"""whyNot: each rule that keeps a time from being booked."""

from typing import Any

import asyncpg
import pytest

from models.enums import Role
from schema.node import encode_id
from tests.client import VIEWERS, Client, user
from tests.scheduling import asks
from tests.scheduling.planning import C1, C2, C3, D1, D2, done, generate

ASKED = """query ($doctor: ID!, $clinic: ID!, $start: DateTime!) {
  whyNot(doctorId: $doctor, clinicId: $clinic, start: $start) {
    bookable reasons { rule message until slot { id } } } }"""
FREE = "2026-06-18T09:00:00Z"  # slot 160
HOURS = {"doctorId": D1, "clinicId": C1, "weekday": 2, "startsAt": "09:00", "endsAt": "11:00", "slotMinutes": 30}
TUESDAY = "2026-06-23"


async def why(client: Client, start: str, viewer: str = "admin", doctor: str = D1, clinic: str = C1) -> Any:
    variables = {"doctor": doctor, "clinic": clinic, "start": start}
    return (await client.ask(ASKED, variables, viewer=viewer)).data["whyNot"]


async def rules(client: Client, start: str, **more: Any) -> list[str]:
    found = await why(client, start, **more)
    assert found["bookable"] == (not found["reasons"])
    return [reason["rule"] for reason in found["reasons"]]


@pytest.fixture
async def connection(clinic: str) -> Any:
    opened = await asyncpg.connect(clinic)
    yield opened
    await opened.close()


async def test_who_may_ask(writer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWERS, "manager of another", user(3, Role.MANAGER, clinic_ids=(3,)))
    for viewer in ("admin", "service", "doctor", "staff", "manager"):
        assert await why(writer, FREE, viewer) == {"bookable": True, "reasons": []}, viewer
    for viewer in ("patient", "stranger", "doctor of another", "manager of another"):
        assert await why(writer, FREE, viewer) is None, viewer
    variables = {"doctor": D1, "clinic": C1, "start": FREE}
    assert (await writer.ask(ASKED, variables, viewer="anonymous")).codes == ["UNAUTHENTICATED"]
    assert (await writer.ask(ASKED, variables, viewer="patient without scopes")).codes == ["FORBIDDEN"]


async def test_what_is_not_there_and_what_cannot_be(writer: Client) -> None:
    assert await why(writer, FREE, doctor=encode_id("Doctor", 99)) is None
    assert await why(writer, FREE, clinic=encode_id("Clinic", 99)) is None
    for variables in (
        {"doctor": C1, "clinic": C1, "start": FREE},
        {"doctor": D1, "clinic": "x", "start": FREE},
        {"doctor": D1, "clinic": C1, "start": "0001-01-01T00:00:00Z"},
        {"doctor": D1, "clinic": C1, "start": "9999-12-31T23:59:59Z"},
        {"doctor": D1, "clinic": C1, "start": "2026-06-18"},
    ):
        assert (await writer.ask(ASKED, variables, viewer="admin")).codes == ["BAD_USER_INPUT"]


async def test_of_a_doctor_who_works_elsewhere_nothing_more_is_said(writer: Client) -> None:
    assert await rules(writer, FREE, viewer="staff", doctor=encode_id("Doctor", 3)) == ["NOT_AFFILIATED"]
    assert await rules(writer, FREE, viewer="doctor", clinic=C3) == ["NOT_AFFILIATED"]


async def test_people_and_places(writer: Client, connection: Any) -> None:
    await connection.execute(
        "UPDATE doctors SET status = 'INACTIVE', licence_expires_on = '2026-06-18', daily_patient_limit = 1;"
        "UPDATE clinics SET is_active = FALSE WHERE id = 1;"
        "INSERT INTO doctor_days (doctor_id, day, booked_count) VALUES (1, '2026-06-18', 1)"
    )
    assert await rules(writer, FREE) == [
        "DOCTOR_NOT_APPROVED",
        "LICENCE_EXPIRED",
        "CLINIC_INACTIVE",
        "DAILY_LIMIT_REACHED",
    ]
    await connection.execute(
        "UPDATE doctors SET status = 'APPROVED', licence_expires_on = '2026-06-19', daily_patient_limit = 2;"
        "UPDATE clinics SET is_active = TRUE"
    )
    assert await rules(writer, FREE) == []


async def test_hours(writer: Client, connection: Any) -> None:
    assert await rules(writer, f"{TUESDAY}T09:00:00+02:00") == ["OUTSIDE_HOURS"]
    await done(writer, "setAvailabilityTemplate", "admin", **HOURS)
    assert await rules(writer, f"{TUESDAY}T09:00:00+02:00") == ["NOT_GENERATED"]
    assert await rules(writer, f"{TUESDAY}T09:10:00+02:00") == ["OFF_BEAT"]
    assert await rules(writer, f"{TUESDAY}T11:00:00+02:00") == ["OUTSIDE_HOURS"]
    away = {"doctorId": D1, "day": TUESDAY, "startsAt": "09:15", "endsAt": "10:00"}
    leave = (await done(writer, "addAvailabilityException", "admin", **away, kind="LEAVE"))["availabilityException"]
    assert await rules(writer, f"{TUESDAY}T09:00:00+02:00") == ["LEAVE"]
    assert await rules(writer, f"{TUESDAY}T09:20:00+02:00") == ["LEAVE", "OFF_BEAT"]
    assert await rules(writer, f"{TUESDAY}T10:00:00+02:00") == ["NOT_GENERATED"]
    await generate(writer, TUESDAY, TUESDAY)
    assert await rules(writer, f"{TUESDAY}T10:00:00+02:00") == []
    assert await rules(writer, f"{TUESDAY}T10:10:00+02:00") == ["OFF_BEAT", "OVERLAPS_SLOT"]
    await done(writer, "removeAvailabilityException", "admin", id=leave["id"])
    await done(writer, "addAvailabilityException", "admin", doctorId=D1, clinicId=C1, day=TUESDAY, kind="HOLIDAY")
    await connection.execute("INSERT INTO clinic_closures (clinic_id, day) VALUES (1, $1::text::date)", TUESDAY)
    assert await rules(writer, f"{TUESDAY}T09:00:00+02:00") == ["CLINIC_CLOSED", "HOLIDAY"]
    assert await rules(writer, f"{TUESDAY}T13:00:00+02:00") == ["CLINIC_CLOSED", "HOLIDAY", "OUTSIDE_HOURS"]
    # What was made can be booked, whatever became of the hours.
    assert await rules(writer, f"{TUESDAY}T10:00:00+02:00") == []


async def test_a_clock_change(writer: Client) -> None:
    # In Berlin 02:00 becomes 03:00 on this Sunday: what begins at 01:30 would end after work.
    hours = {**HOURS, "weekday": 7, "startsAt": "01:30", "endsAt": "02:30", "slotMinutes": 60}
    await done(writer, "setAvailabilityTemplate", "admin", **hours)
    assert await rules(writer, "2027-03-28T01:30:00+01:00") == ["CLOCK_CHANGE"]
    assert await rules(writer, "2027-03-21T01:30:00+01:00") == ["NOT_GENERATED"]


async def test_seats(writer: Client, connection: Any) -> None:
    assert await rules(writer, "2026-06-16T09:00:00Z") == ["TAKEN"]
    assert await rules(writer, "2026-06-17T09:00:00Z") == []  # cancelled, and its hold has expired
    assert await rules(writer, "2026-06-15T11:00:00Z") == ["OUTSIDE_HOURS", "SLOT_IN_PAST"]
    assert await rules(writer, "2026-06-15T10:00:00Z") == ["SLOT_IN_PAST"]
    await asks.do(writer, "holdSlot", "patient", slotId=encode_id("Slot", 160))
    (held,) = (await why(writer, FREE, "staff"))["reasons"]
    assert (held["rule"], held["until"], held["slot"]) == (
        "HELD",
        "2026-06-15T12:05:00Z",
        {"id": encode_id("Slot", 160)},
    )
    await connection.execute(
        "UPDATE holds SET released_at = now() WHERE slot_id = 160;"
        "INSERT INTO appointments (slot_id, patient_id, status, pay_by, booked_at)"
        " VALUES (160, 3, 'PENDING', '2026-06-15 12:30Z', '2026-06-15 11:30Z')"
    )
    (unpaid,) = (await why(writer, FREE, "staff"))["reasons"]
    assert (unpaid["rule"], unpaid["until"]) == ("AWAITS_PAYMENT", "2026-06-15T12:30:00Z")
    await connection.execute(
        "UPDATE doctors SET daily_patient_limit = 1;"
        "UPDATE appointments SET pay_by = '2026-06-15 12:00Z' WHERE slot_id = 160"
    )
    assert await rules(writer, FREE) == []  # lapsed: neither in its seat nor in the day's count


async def test_notice_and_inactive_slots(writer: Client, connection: Any) -> None:
    await connection.execute(
        "INSERT INTO clinic_policies (clinic_id, version, confirmation, notice_to_book) VALUES"
        " (1, 1, 'AUTOMATIC', interval '9 days'), (1, 2, 'AUTOMATIC', interval '3 days')"
    )
    assert await rules(writer, FREE) == ["TOO_LATE_TO_BOOK"]
    assert await rules(writer, "2026-06-18T12:00:00Z") == ["OUTSIDE_HOURS"]
    await connection.execute("UPDATE clinic_policies SET notice_to_book = interval '0'")
    await done(writer, "deactivateSlot", "doctor", slotId=encode_id("Slot", 160))
    assert await rules(writer, FREE) == ["SLOT_INACTIVE"]
    made = await done(
        writer,
        "createSlots",
        "doctor",
        doctorId=D1,
        clinicId=C1,
        slots=[{"start": "2026-06-18T09:10:00Z", "durationMinutes": 20}],
    )
    inactive, overlap = (await why(writer, FREE))["reasons"]
    assert (inactive["rule"], overlap["rule"]) == ("SLOT_INACTIVE", "OVERLAPS_SLOT")
    assert overlap["slot"] == {"id": made["slots"][0]["id"]}


async def test_another_clinics_slot_is_named_to_who_may_see_it(writer: Client, connection: Any) -> None:
    start = "2026-06-16T09:00:00Z"  # slot 240 of doctor 2 at clinic 2, booked
    assert await rules(writer, start, doctor=D2, clinic=C2) == ["TAKEN"]
    for viewer, slot in (("admin", {"id": encode_id("Slot", 240)}), ("staff", None)):
        outside, overlap = (await why(writer, start, viewer, doctor=D2))["reasons"]
        assert (outside["rule"], overlap["rule"], overlap["slot"]) == ("OUTSIDE_HOURS", "OVERLAPS_SLOT", slot)


async def test_the_statements_are_four_and_the_slots(writer: Client) -> None:
    variables = {"doctor": D1, "clinic": C1, "start": FREE}
    assert (await writer.ask(ASKED, variables, viewer="staff")).statements == 4
    variables["start"] = "2026-06-16T09:00:00Z"
    assert (await writer.ask(ASKED, variables, viewer="staff")).statements == 5
