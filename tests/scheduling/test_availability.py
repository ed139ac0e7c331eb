"""Weekly hours and exceptions: who sets them, what they can be, who sees them."""

from typing import Any

import asyncpg
import pytest

from auth.viewer import Viewer
from models.enums import Role
from schema.node import encode_id
from tests.client import VIEWERS, Client, user
from tests.scheduling.planning import C1, C2, C3, D1, D2, D3, done, refused, sent

HOURS = {"doctorId": D1, "clinicId": C1, "weekday": 2, "startsAt": "09:00", "endsAt": "12:00", "slotMinutes": 30}
LEAVE = {"doctorId": D1, "clinicId": C1, "kind": "LEAVE", "day": "2026-06-20"}

REFUSED = [
    ("anonymous", ["UNAUTHENTICATED"]),
    ("patient", ["FORBIDDEN"]),
    ("staff", ["FORBIDDEN"]),
    ("doctor of another", ["FORBIDDEN"]),
    ("manager of another", ["FORBIDDEN"]),
]
ALLOWED = ["doctor", "manager", "front desk with the scope", "admin", "service"]


@pytest.fixture(autouse=True)
def more_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWERS, "manager of another", user(3, Role.MANAGER, clinic_ids=(3,)))
    scopes = VIEWERS["manager"].scopes
    desk = Viewer(user_id=2, roles=frozenset({Role.STAFF}), scopes=scopes, clinic_ids=(1,))
    monkeypatch.setitem(VIEWERS, "front desk with the scope", desk)


@pytest.mark.parametrize(("viewer", "codes"), REFUSED)
async def test_who_may_not(writer: Client, clinic: str, viewer: str, codes: list[str]) -> None:
    template = (await done(writer, "setAvailabilityTemplate", "admin", **HOURS))["availabilityTemplate"]["id"]
    exception = (await done(writer, "addAvailabilityException", "admin", **LEAVE))["availabilityException"]["id"]
    hidden = codes == ["FORBIDDEN"] and viewer in ("doctor of another", "manager of another")
    for mutation, given in (
        ("setAvailabilityTemplate", HOURS),
        ("addAvailabilityException", LEAVE),
        ("setAvailabilityTemplate", {"id": template, "version": 1, "capacity": 2}),
        ("removeAvailabilityTemplate", {"id": template}),
        ("removeAvailabilityException", {"id": exception}),
    ):
        answer = await sent(writer, mutation, viewer, **given)
        if hidden and "id" in given:  # somebody else's is as if it were not there
            assert [error["code"] for error in answer.data[mutation]["userErrors"]] == ["NOT_FOUND"]
        else:
            assert answer.codes == codes
    connection = await asyncpg.connect(clinic)
    assert await connection.fetchval("SELECT count(*) FROM availability_templates WHERE removed_at IS NULL") == 1
    assert await connection.fetchval("SELECT count(*) FROM availability_exceptions") == 1
    await connection.close()


@pytest.mark.parametrize("viewer", ALLOWED)
async def test_who_may(writer: Client, clinic: str, viewer: str) -> None:
    made = (await done(writer, "setAvailabilityTemplate", viewer, **HOURS))["availabilityTemplate"]
    assert made | {"id": ""} == {
        "id": "",
        "version": 1,
        "weekday": 2,
        "startsAt": "09:00",
        "endsAt": "12:00",
        "slotMinutes": 30,
        "bufferMinutes": 0,
        "capacity": 1,
        "validFrom": "2026-06-15",
        "validUntil": None,
    }
    change = {"id": made["id"], "version": 1, "endsAt": "13:00", "validUntil": "2026-12-31"}
    changed = (await done(writer, "setAvailabilityTemplate", viewer, **change))["availabilityTemplate"]
    assert changed == made | {"version": 2, "endsAt": "13:00", "validUntil": "2026-12-31"}
    assert await refused(writer, "setAvailabilityTemplate", viewer, **change) == [("CONFLICT", "version")]
    again = {"id": made["id"], "version": 2, "validUntil": None}
    assert (await done(writer, "setAvailabilityTemplate", viewer, **again))["availabilityTemplate"][
        "validUntil"
    ] is None
    exception = (await done(writer, "addAvailabilityException", viewer, **LEAVE))["availabilityException"]
    assert (exception["kind"], exception["day"], exception["clinic"]) == ("LEAVE", "2026-06-20", {"id": C1})
    seen = await writer.ask(
        """query ($id: ID!, $a: ID!, $b: ID!) {
          doctor(id: $id) {
            availabilityTemplates { id clinic { id } doctor { id } }
            availabilityExceptions(from: "2026-06-20", to: "2026-06-20") { id }
            none: availabilityExceptions(from: "2026-06-21", to: "2027-06-21") { id }
          }
          a: node(id: $a) { id } b: node(id: $b) { id }
        }""",
        {"id": D1, "a": made["id"], "b": exception["id"]},
        viewer=viewer,
    )
    assert seen.data == {
        "doctor": {
            "availabilityTemplates": [{"id": made["id"], "clinic": {"id": C1}, "doctor": {"id": D1}}],
            "availabilityExceptions": [{"id": exception["id"]}],
            "none": [],
        },
        "a": {"id": made["id"]},
        "b": {"id": exception["id"]},
    }
    await done(writer, "removeAvailabilityException", viewer, id=exception["id"])
    removed = await done(writer, "removeAvailabilityTemplate", viewer, id=made["id"])
    assert removed["doctor"] == {"id": D1, "availabilityTemplates": []}
    for mutation, gone in (
        ("removeAvailabilityTemplate", made["id"]),
        ("removeAvailabilityException", exception["id"]),
    ):
        assert await refused(writer, mutation, viewer, id=gone) == [("NOT_FOUND", "id")]
    connection = await asyncpg.connect(clinic)
    actions = await connection.fetch("SELECT action, entity FROM audit_records ORDER BY id")
    assert [tuple(row) for row in actions] == [
        *[("setAvailabilityTemplate", "AvailabilityTemplate")] * 3,
        ("addAvailabilityException", "AvailabilityException"),
        ("removeAvailabilityException", "AvailabilityException"),
        ("removeAvailabilityTemplate", "AvailabilityTemplate"),
    ]
    await connection.close()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"weekday": 0}, ["weekday"]),
        ({"weekday": 8}, ["weekday"]),
        ({"weekday": 2**31 - 1, "capacity": 101}, ["weekday", "capacity"]),
        ({"startsAt": "12:00"}, ["endsAt"]),
        ({"startsAt": "11:40"}, ["slotMinutes"]),
        ({"slotMinutes": 4}, ["slotMinutes"]),
        ({"slotMinutes": 481}, ["slotMinutes"]),
        ({"bufferMinutes": -1}, ["bufferMinutes"]),
        ({"bufferMinutes": 241}, ["bufferMinutes"]),
        ({"capacity": 0}, ["capacity"]),
        ({"capacity": None}, ["capacity"]),
        ({"weekday": None, "endsAt": None}, ["weekday", "endsAt"]),
        ({"validFrom": "2026-07-01", "validUntil": "2026-06-30"}, ["validUntil"]),
        ({"clinicId": C2}, ["clinicId"]),
        ({"clinicId": D1}, ["clinicId"]),
        ({"doctorId": "nonsense"}, ["doctorId"]),
        ({"version": 1}, ["version"]),
        ({"id": C1}, ["id"]),
    ],
)
async def test_what_hours_cannot_be(writer: Client, changes: dict[str, Any], wrong: list[str]) -> None:
    found = await refused(writer, "setAvailabilityTemplate", "admin", **{**HOURS, **changes})
    assert found == [("VALIDATION_ERROR", field) for field in wrong]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"kind": "EXTRA_HOURS"}, ["startsAt", "endsAt", "slotMinutes"]),
        ({"kind": "EXTRA_HOURS", "startsAt": "09:00", "endsAt": "09:10", "slotMinutes": 20}, ["slotMinutes"]),
        ({"startsAt": "09:00"}, ["endsAt"]),
        ({"endsAt": "09:00"}, ["startsAt"]),
        ({"startsAt": "10:00", "endsAt": "09:00"}, ["endsAt"]),
        ({"slotMinutes": 20}, ["slotMinutes"]),
        ({"day": "2026-06-13"}, ["day"]),
        ({"day": "9999-12-31"}, ["day"]),
        ({"reason": "x" * 2001}, ["reason"]),
        ({"clinicId": C3}, ["clinicId"]),
        ({"clinicId": D1}, ["clinicId"]),
    ],
)
async def test_what_an_exception_cannot_be(writer: Client, changes: dict[str, Any], wrong: list[str]) -> None:
    found = await refused(writer, "addAvailabilityException", "admin", **{**LEAVE, **changes})
    assert found == [("VALIDATION_ERROR", field) for field in wrong]


@pytest.mark.parametrize(
    "clock", ["9:00", "24:00", "09:00:00", "09:00Z", "", "\u0660\u0669:\u0660\u0660", "x" * 10_000]
)
async def test_times_are_those_of_a_clock(writer: Client, clock: str) -> None:
    answer = await sent(writer, "setAvailabilityTemplate", "admin", **{**HOURS, "startsAt": clock})
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_changes_need_a_version_and_stay_in_place(writer: Client) -> None:
    made = (await done(writer, "setAvailabilityTemplate", "admin", **HOURS))["availabilityTemplate"]["id"]
    call = "setAvailabilityTemplate"
    assert await refused(writer, call, "admin", id=made, capacity=2) == [("VALIDATION_ERROR", "version")]
    assert await refused(writer, call, "admin", id=made, version=1, doctorId=D2) == [("VALIDATION_ERROR", "doctorId")]
    await done(writer, call, "admin", id=made, version=1, doctorId=D1, clinicId=C1, capacity=2)
    missing = await refused(writer, call, "admin", doctorId=D1)
    assert [field for _, field in missing] == ["clinicId", "weekday", "startsAt", "endsAt", "slotMinutes"]
    nobody = {**HOURS, "doctorId": encode_id("Doctor", 99)}
    assert await refused(writer, call, "admin", **nobody) == [("NOT_FOUND", "doctorId")]


async def test_a_clinic_sees_its_own_hours_and_leave_from_everywhere(writer: Client) -> None:
    for clinic_id in (C1, C2):
        await done(writer, "setAvailabilityTemplate", "admin", **{**HOURS, "doctorId": D2, "clinicId": clinic_id})
        await done(writer, "addAvailabilityException", "admin", **{**LEAVE, "doctorId": D2, "clinicId": clinic_id})
    everywhere = {**LEAVE, "doctorId": D2, "clinicId": None}
    assert (await sent(writer, "addAvailabilityException", "manager", **everywhere)).codes == ["FORBIDDEN"]
    added = (await done(writer, "addAvailabilityException", "admin", **everywhere))["availabilityException"]
    document = """query ($id: ID!) { doctor(id: $id) {
      availabilityTemplates { clinic { id } }
      availabilityExceptions(from: "2026-06-01", to: "2026-06-30") { clinic { id } } } }"""
    expected = {
        "manager": ([C1], [C1, None]),
        "staff": ([C1], [C1, None]),
        "manager of another": ([], []),
        "doctor": ([], []),
        "patient": ([], []),
        "admin": ([C1, C2], [C1, C2, None]),
    }
    for viewer, (hours, days) in expected.items():
        doctor = (await writer.ask(document, {"id": D2}, viewer=viewer)).data["doctor"]
        assert sorted(each["clinic"]["id"] for each in doctor["availabilityTemplates"]) == hours, viewer
        assert [each["clinic"] and each["clinic"]["id"] for each in doctor["availabilityExceptions"]] == days, viewer
    assert (await writer.ask(document, {"id": D2}, viewer="anonymous")).codes == ["UNAUTHENTICATED"] * 2
    assert (await sent(writer, "removeAvailabilityException", "manager", id=added["id"])).codes == ["FORBIDDEN"]


async def test_the_days_of_exceptions(writer: Client) -> None:
    document = '{ doctor(id: "%s") { availabilityExceptions(from: "%s", to: "%s") { id } } }'
    for first, last in (("2026-06-02", "2026-06-01"), ("2026-01-01", "2027-01-02"), ("0001-01-01", "9999-12-31")):
        assert (await writer.ask(document % (D3, first, last), viewer="admin")).codes == ["BAD_USER_INPUT"]
    assert (await writer.ask(document % (D3, "2026-01-01", "2027-01-01"), viewer="admin")).data


async def test_a_doctor_has_so_many_templates_and_a_day_so_many_exceptions(writer: Client, clinic: str) -> None:
    connection = await asyncpg.connect(clinic)
    await connection.execute(
        "INSERT INTO availability_templates"
        " (doctor_id, clinic_id, weekday, starts_at, ends_at, slot_minutes, valid_from)"
        " SELECT 1, 1, 1, '09:00', '10:00', 30, '2026-01-01' FROM generate_series(1, 200);"
        "INSERT INTO availability_exceptions (doctor_id, kind, day) SELECT 1, 'LEAVE', '2026-06-20'"
        " FROM generate_series(1, 20)"
    )
    await connection.close()
    assert await refused(writer, "setAvailabilityTemplate", "admin", **HOURS) == [("VALIDATION_ERROR", "doctorId")]
    assert await refused(writer, "addAvailabilityException", "admin", **LEAVE) == [("VALIDATION_ERROR", "day")]
