"""Slots made, deleted, deactivated and reactivated by hand."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from auth.viewer import Viewer
from models.enums import Role
from schema.node import encode_id
from tests.client import VIEWERS, Client, user
from tests.clinic_data import NOW
from tests.scheduling import asks
from tests.scheduling.planning import C1, C2, C3, D1, D2, D3, done, refused, sent

AT = "2026-07-01T08:00:00Z"
LATER = "2026-07-01T09:00:00Z"
ONE = {"doctorId": D1, "clinicId": C1, "slots": [{"start": AT, "durationMinutes": 30}]}
FREE = encode_id("Slot", 160)  # of clinic_data: doctor 1, in three days, never booked
BOOKED = encode_id("Slot", 140)
HELD = encode_id("Slot", 141)
CANCELLED = encode_id("Slot", 150)
PAST = encode_id("Slot", 101)
ALLOWED = ["doctor", "manager", "front desk with the scope", "admin", "service"]


@pytest.fixture(autouse=True)
def more_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWERS, "manager of another", user(3, Role.MANAGER, clinic_ids=(3,)))
    scopes = VIEWERS["manager"].scopes
    desk = Viewer(user_id=2, roles=frozenset({Role.STAFF}), scopes=scopes, clinic_ids=(1,))
    monkeypatch.setitem(VIEWERS, "front desk with the scope", desk)


@pytest.mark.parametrize("viewer", ["anonymous", "patient", "staff", "doctor of another", "manager of another"])
async def test_who_may_not(writer: Client, clinic: str, viewer: str) -> None:
    code = "UNAUTHENTICATED" if viewer == "anonymous" else "FORBIDDEN"
    assert (await sent(writer, "createSlots", viewer, **ONE)).codes == [code]
    for mutation in ("deleteSlot", "deactivateSlot", "reactivateSlot"):
        assert (await sent(writer, mutation, viewer, slotId=FREE)).codes == [code]
    if viewer.endswith("another"):  # a slot that is not free is not there for them
        assert await refused(writer, "deactivateSlot", viewer, slotId=BOOKED) == [("NOT_FOUND", "slotId")]


@pytest.mark.parametrize("viewer", ALLOWED)
async def test_who_may(writer: Client, clinic: str, viewer: str) -> None:
    more = [{"start": LATER, "end": "2026-07-01T09:05:00Z", "bufferMinutes": 240, "capacity": 100}]
    made = await done(writer, "createSlots", viewer, **{**ONE, "slots": [*more, *ONE["slots"]]})
    assert [{**slot, "id": ""} for slot in made["slots"]] == [
        {
            "id": "",
            "start": LATER,
            "end": "2026-07-01T09:05:00Z",
            "capacity": 100,
            "isActive": True,
            "clinic": {"id": C1},
        },
        {"id": "", "start": AT, "end": "2026-07-01T08:30:00Z", "capacity": 1, "isActive": True, "clinic": {"id": C1}},
    ]
    slot = made["slots"][0]["id"]
    for _ in range(2):  # what is so already changes nothing
        answer = await done(writer, "deactivateSlot", viewer, slotId=slot, reason="The room is painted")
        assert answer["slot"] == {"id": slot, "isActive": False, "bookedCount": 0}
    for _ in range(2):
        assert (await done(writer, "reactivateSlot", viewer, slotId=slot))["slot"]["isActive"]
    assert (await done(writer, "deleteSlot", viewer, slotId=slot))["doctor"] == {"id": D1}
    assert await refused(writer, "deleteSlot", viewer, slotId=slot) == [("NOT_FOUND", "slotId")]
    connection = await asyncpg.connect(clinic)
    audits = await connection.fetch("SELECT action, reason FROM audit_records ORDER BY id")
    assert Counter(row["action"] for row in audits) == {
        "createSlots": 2,
        "deactivateSlot": 1,
        "reactivateSlot": 1,
        "deleteSlot": 1,
    }
    assert [row["reason"] for row in audits if row["reason"]] == ["The room is painted"]
    events = await connection.fetch("SELECT name, aggregate FROM outbox_events")
    await connection.close()
    assert Counter(map(tuple, events)) == {("doctor.schedule_changed", "Doctor"): 1, ("slot.changed", "Slot"): 3}


@pytest.mark.parametrize(
    ("changes", "code", "wrong"),
    [
        ({"start": "2026-06-15T12:00:00Z"}, "SLOT_IN_PAST", "start"),
        ({"start": "0001-01-01T00:00:00Z"}, "SLOT_IN_PAST", "start"),
        ({"start": "2028-06-16T12:00:01Z"}, "VALIDATION_ERROR", "start"),
        ({"start": "9999-12-31T23:59:00Z"}, "VALIDATION_ERROR", "start"),
        ({"durationMinutes": 4}, "VALIDATION_ERROR", "durationMinutes"),
        ({"durationMinutes": -(2**31)}, "VALIDATION_ERROR", "durationMinutes"),
        ({"durationMinutes": 2**31 - 1}, "VALIDATION_ERROR", "durationMinutes"),
        ({"durationMinutes": None}, "VALIDATION_ERROR", "end"),
        ({"end": LATER}, "VALIDATION_ERROR", "end"),
        ({"durationMinutes": None, "end": AT}, "VALIDATION_ERROR", "end"),
        ({"durationMinutes": None, "end": "2026-07-01T16:00:01Z"}, "VALIDATION_ERROR", "end"),
        ({"bufferMinutes": -1}, "VALIDATION_ERROR", "bufferMinutes"),
        ({"bufferMinutes": 241}, "VALIDATION_ERROR", "bufferMinutes"),
        ({"capacity": 0}, "VALIDATION_ERROR", "capacity"),
        ({"capacity": 101}, "VALIDATION_ERROR", "capacity"),
    ],
)
async def test_what_a_slot_cannot_be(writer: Client, changes: dict[str, Any], code: str, wrong: str) -> None:
    fine = {"start": "2026-07-02T08:00:00Z", "durationMinutes": 30}
    slots = [fine, {"start": AT, "durationMinutes": 30, **changes}]
    assert await refused(writer, "createSlots", "admin", **{**ONE, "slots": slots}) == [(code, f"slots.1.{wrong}")]


async def test_what_is_refused(writer: Client, clinic: str) -> None:
    async def wrong(**changes: Any) -> list[tuple[str, str | None]]:
        return await refused(writer, "createSlots", "admin", **{**ONE, **changes})

    many = [{"start": f"2026-07-{1 + n // 24:02}T{n % 24:02}:00:00Z", "durationMinutes": 5} for n in range(201)]
    assert await wrong(slots=[]) == await wrong(slots=many) == [("VALIDATION_ERROR", "slots")]
    assert len((await done(writer, "createSlots", "admin", **{**ONE, "slots": many[:200]}))["slots"]) == 200
    assert await wrong(clinicId=C2) == [("VALIDATION_ERROR", "clinicId")]
    assert await wrong(clinicId=D1) == [("VALIDATION_ERROR", "clinicId")]
    assert await wrong(doctorId=C1) == [("VALIDATION_ERROR", "doctorId")]
    assert await wrong(doctorId=encode_id("Doctor", 99)) == [("NOT_FOUND", "doctorId")]
    for mutation in ("deleteSlot", "deactivateSlot", "reactivateSlot"):
        for slot, code in ((C1, "VALIDATION_ERROR"), (encode_id("Slot", 9**9), "NOT_FOUND"), (PAST, "SLOT_IN_PAST")):
            assert await refused(writer, mutation, "admin", slotId=slot) == [(code, "slotId")]
    found = await refused(writer, "deactivateSlot", "admin", slotId=FREE, reason="x" * 2001)
    assert found == [("VALIDATION_ERROR", "reason")]
    connection = await asyncpg.connect(clinic)
    await connection.execute(
        "UPDATE doctors SET status = 'APPLIED' WHERE id = 3; UPDATE clinics SET is_active = FALSE WHERE id = 1"
    )
    assert await wrong(doctorId=D3, clinicId=C3) == [("VALIDATION_ERROR", "doctorId")]
    assert await wrong() == [("VALIDATION_ERROR", "clinicId")]
    await connection.close()


async def test_slots_that_overlap_are_refused_all_with_the_one_in_the_way(writer: Client, clinic: str) -> None:
    made = await done(
        writer,
        "createSlots",
        "admin",
        doctorId=D2,
        clinicId=C2,
        slots=[{"start": AT, "durationMinutes": 30, "bufferMinutes": 15}],
    )
    there = made["slots"][0]["id"]

    async def overlap(*starts: str) -> tuple[str, str | None, Any]:
        slots = [{"start": start, "durationMinutes": 30} for start in starts]
        answer = await sent(writer, "createSlots", "manager", doctorId=D2, clinicId=C1, slots=slots)
        (error,) = answer.data["createSlots"]["userErrors"]
        assert answer.data["createSlots"]["slots"] == []
        return error["code"], error["field"], error["slot"]

    assert await overlap("2026-07-01T10:00:00Z", "2026-07-01T08:44:00Z") == (
        "SLOT_OVERLAP",
        "slots.1.start",
        {"id": there},
    )
    assert await overlap("2026-07-01T07:31:00Z") == ("SLOT_OVERLAP", "slots.0.start", {"id": there})
    assert await overlap(LATER, "2026-07-01T10:00:00Z", LATER) == ("SLOT_OVERLAP", "slots.2.start", None)
    assert await overlap("2026-07-01T09:29:00Z", LATER) == ("SLOT_OVERLAP", "slots.0.start", None)
    fits = [{"start": start, "durationMinutes": 30} for start in ("2026-07-01T08:45:00Z", "2026-07-01T07:30:00Z")]
    assert len((await done(writer, "createSlots", "manager", doctorId=D2, clinicId=C1, slots=fits))["slots"]) == 2


async def test_only_what_nobody_ever_had_is_deleted(writer: Client, clinic: str) -> None:
    for slot in (BOOKED, HELD, CANCELLED):
        assert await refused(writer, "deleteSlot", "doctor", slotId=slot) == [("CONFLICT", "slotId")]
    hold = (await asks.do(writer, "holdSlot", "patient", slotId=FREE))["hold"]["id"]
    assert await refused(writer, "deleteSlot", "doctor", slotId=FREE) == [("CONFLICT", "slotId")]
    await asks.do(writer, "releaseHold", "patient", holdId=hold)
    await done(writer, "deleteSlot", "doctor", slotId=FREE)
    moved = encode_id("Slot", 170)
    appointment = (await asks.do(writer, "bookAppointment", "patient", slotId=moved))["appointment"]["id"]
    await asks.do(writer, "rescheduleAppointment", "patient", appointmentId=appointment, slotId=encode_id("Slot", 171))
    assert await refused(writer, "deleteSlot", "doctor", slotId=moved) == [("CONFLICT", "slotId")]


async def test_a_deactivated_slot_keeps_its_bookings_and_takes_no_more(writer: Client) -> None:
    slot = encode_id("Slot", 171)  # two seats
    assert (await asks.do(writer, "bookAppointment", "patient", slotId=slot))["appointment"]
    answer = await done(writer, "deactivateSlot", "doctor", slotId=slot)
    assert answer["slot"] == {"id": slot, "isActive": False, "bookedCount": 1}
    refusal = await asks.do(writer, "bookAppointment", "admin", slotId=slot, patientId=encode_id("Patient", 3))
    assert asks.codes(refusal) == ["SLOT_UNAVAILABLE"]
    await done(writer, "reactivateSlot", "doctor", slotId=slot)
    assert (await asks.do(writer, "bookAppointment", "stranger", slotId=slot))["appointment"]


async def test_a_slot_whose_time_is_taken_by_now_does_not_come_back(writer: Client) -> None:
    first = (await done(writer, "createSlots", "doctor", **ONE))["slots"][0]["id"]
    await done(writer, "deactivateSlot", "doctor", slotId=first)
    second = (await done(writer, "createSlots", "doctor", **ONE))["slots"][0]["id"]
    answer = await sent(writer, "reactivateSlot", "doctor", slotId=first)
    (error,) = answer.data["reactivateSlot"]["userErrors"]
    assert (error["code"], error["field"], error["slot"]) == ("SLOT_OVERLAP", "slotId", {"id": second})


async def test_the_same_key_makes_slots_once(writer: Client, clinic: str) -> None:
    first = await sent(writer, "createSlots", "doctor", **ONE, idempotencyKey="once")
    again = await sent(writer, "createSlots", "doctor", **ONE, idempotencyKey="once")
    assert first.data == again.data
    other = {**ONE, "slots": [{"start": LATER, "durationMinutes": 30}], "idempotencyKey": "once"}
    assert await refused(writer, "createSlots", "doctor", **other) == [("IDEMPOTENCY_CONFLICT", "idempotencyKey")]


async def test_many_at_once_never_overlap(clinic: str) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client.of(clinic)) for _ in range(2)]
        start = NOW + timedelta(days=40)
        answers = await asyncio.gather(
            *(
                sent(
                    clients[n % 2],
                    "createSlots",
                    "admin",
                    doctorId=D2,
                    clinicId=(C1, C2)[n % 2],
                    slots=[{"start": (start + timedelta(minutes=7 * n)).isoformat(), "durationMinutes": 20}],
                )
                for n in range(24)
            )
        )
    refusals = [code for a in answers for code in [e["code"] for e in a.data["createSlots"]["userErrors"]]]
    assert set(refusals) == {"SLOT_OVERLAP"}
    connection = await asyncpg.connect(clinic)
    made = await connection.fetch(
        "SELECT starts_at, ends_at FROM slots WHERE starts_at >= $1 ORDER BY starts_at", start
    )
    await connection.close()
    assert len(made) == 24 - len(refusals) >= 5  # one keeps at most four others out
    assert all(one["ends_at"] <= other["starts_at"] for one, other in pairwise(made))
