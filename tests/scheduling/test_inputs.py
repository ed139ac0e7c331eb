"""What cannot be: each input of the wrong type, empty, huge, unprintable. Always an answer, never a failure of ours."""

from typing import Any

import pytest

from tests.client import Client
from tests.scheduling.asks import answer_of, appointment, at, do, fields_of, gid, patient, slot
from tests.scheduling.cases import CASES, tidy, visit
from tests.scheduling.crowd import CROWD, SQL, add_slot, hold

ODD = [
    "",
    " ",
    "x",
    "\0",
    "0",
    "🦷",
    "U2xvdDo",
    "U2xvdDotMQ",
    "U2xvdDo5OTk5OTk5OTk5OTk5OTk5OTk5",
    "A" * 100_000,
    "\u202e",
]
IN_CARE = "this patient is no longer in care"


async def problems(client: Client, mutation: str, viewer: str, **input: Any) -> list[tuple[str, str | None]]:
    payload = await do(client, mutation, viewer, **input)
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


async def test_every_id_that_is_none(one: Client, sql: SQL) -> None:
    for mutation, case in CASES.items():
        await tidy(sql)
        given = {name: value for name, value in (await case(sql)).items() if not isinstance(value, list)}
        for field in [name for name in given if name.endswith("Id")]:
            for odd in (*ODD, gid("User", 1), 7):
                found = await problems(one, mutation, "admin", **{**given, field: odd})
                assert found == [("VALIDATION_ERROR", field)], (mutation, field, odd)
    assert await problems(one, "joinWaitlist", "patient", doctorIds=["x"]) == [("VALIDATION_ERROR", "doctorIds")]


async def test_every_text_that_cannot_be_kept(one: Client, sql: SQL) -> None:
    texts = {"reason", "notes", "specialty"}
    for mutation, case in CASES.items():
        for field in sorted(texts & fields_of(mutation)):
            for odd in ("a\0b", "x" * 30_000):
                await tidy(sql)
                found = await problems(one, mutation, "admin", **{**await case(sql), field: odd})
                assert found == [("VALIDATION_ERROR", field)], (mutation, field)


async def test_half_a_character(one: Client, sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    document = (
        f'mutation {{ bookAppointment(input: {{ slotId: "{slot(wanted)}", reason: "\\ud83e", idempotencyKey: "k" }})'
        " { userErrors { code field } } }"
    )
    answer = await one.ask(document, viewer="patient")
    assert "INTERNAL_SERVER_ERROR" not in answer.codes


async def test_whatever_can_be_written_is_kept(one: Client, sql: SQL) -> None:
    said = "Schmerzen 🦷 \u202e \ud7ff 'x'; DROP TABLE slots; -- \\ \n"
    wanted = await add_slot(sql, at(20, "08:00"))
    assert await problems(one, "bookAppointment", "patient", slotId=slot(wanted), reason=said) == []
    assert await sql.fetchval("SELECT reason FROM appointments WHERE slot_id = $1", wanted) == said


@pytest.mark.parametrize("reason", ["", "  \n"])
async def test_a_reason_must_be_given(one: Client, sql: SQL, reason: str) -> None:
    mine = await visit(sql)
    say_why = [("VALIDATION_ERROR", "reason")]
    assert await problems(one, "cancelAppointment", "staff", **mine, reason=reason) == say_why
    wanted = {"slotId": slot(await add_slot(sql, at(20, "09:00"))), "patientId": patient(1)}
    assert await problems(one, "overrideBooking", "admin", **wanted, reason=reason) == say_why


async def test_a_slot_or_a_hold(one: Client, sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"), capacity=2)
    held = gid("Hold", await hold(sql, wanted, 1))
    either = [("VALIDATION_ERROR", "slotId")]
    assert await problems(one, "bookAppointment", "patient") == either
    assert await problems(one, "bookAppointment", "patient", slotId=slot(wanted), holdId=held) == either
    mine = await visit(sql, start=at(21, "08:00"))
    assert await problems(one, "rescheduleAppointment", "patient", **mine) == either
    assert await problems(one, "rescheduleAppointment", "patient", **mine, slotId=slot(wanted), holdId=held) == either


async def test_holds_of_others(one: Client, sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"), capacity=4)
    theirs = gid("Hold", await hold(sql, wanted, CROWD[0]))
    for mutation in ("bookAppointment", "renewHold", "releaseHold"):
        assert await problems(one, mutation, "patient", holdId=theirs) == [("NOT_FOUND", "holdId")]
    by_staff = gid("Hold", await hold(sql, wanted, 1, by=2))
    assert await problems(one, "bookAppointment", "staff", holdId=by_staff, patientId=patient(2)) == [
        ("VALIDATION_ERROR", "holdId")
    ]


async def test_for_whom(one: Client, sql: SQL) -> None:
    wanted = slot(await add_slot(sql, at(20, "08:00")))
    assert await problems(one, "bookAppointment", "staff", slotId=wanted) == [("VALIDATION_ERROR", "patientId")]
    await sql.execute("UPDATE patients SET status = 'INACTIVE' WHERE id = 1")
    found = await do(one, "holdSlot", "patient", slotId=wanted)
    assert [(error["field"], error["message"]) for error in found["userErrors"]] == [("patientId", IN_CARE)]


async def test_override_of_two_things(one: Client, sql: SQL) -> None:
    both = {"patientId": patient(1), **await visit(sql), "slotId": slot(await add_slot(sql, at(21, "08:00")))}
    found = await problems(one, "overrideBooking", "admin", **both, reason="x")
    assert found == [("VALIDATION_ERROR", "appointmentId")]


async def test_what_one_waits_for(one: Client, sql: SQL) -> None:
    doctor, join = {"doctorIds": [gid("Doctor", 1)]}, "joinWaitlist"
    wrong = {"start": "2026-06-20T09:00:00Z", "end": "2026-06-20T09:00:00Z"}
    window = {"start": "2026-06-20T08:00:00Z", "end": "2026-06-20T09:00:00Z"}
    assert await problems(one, join, "patient") == [("VALIDATION_ERROR", "doctorIds")]
    assert await problems(one, join, "patient", **doctor, windows=[wrong]) == [("VALIDATION_ERROR", "windows")]
    assert await problems(one, join, "patient", **doctor, windows=[window] * 21) == [("VALIDATION_ERROR", "windows")]
    many = [gid("Doctor", n) for n in range(1, 22)]
    assert await problems(one, join, "patient", doctorIds=many) == [("VALIDATION_ERROR", "doctorIds")]
    for specialty in ("", " ", "x" * 101):
        assert await problems(one, join, "patient", **doctor, specialty=specialty) == [
            ("VALIDATION_ERROR", "specialty")
        ]
    of_another = {"appointmentId": appointment(32)}
    assert await problems(one, join, "admin", patientId=patient(1), **doctor, **of_another) == [
        ("VALIDATION_ERROR", "appointmentId")
    ]
    over = {"appointmentId": appointment(11)}
    assert await problems(one, join, "patient", **doctor, **over) == [("VALIDATION_ERROR", "appointmentId")]
    overlapping = [window, {**window, "end": "2026-06-20T10:00:00Z"}]
    assert await problems(one, join, "patient", **doctor, windows=overlapping) == []
    for _ in range(19):
        assert await problems(one, join, "patient", **doctor) == []
    assert await problems(one, join, "patient", **doctor) == [("VALIDATION_ERROR", "patientId")]


@pytest.mark.parametrize("start", ["2026-06-20T08:00:00", "0001-01-01T00:00:00+14:00", "", 5])
async def test_a_window_that_is_no_time(one: Client, start: object) -> None:
    window = {"start": start, "end": "2026-06-20T09:00:00Z"}
    answer = await answer_of(one, "joinWaitlist", "patient", specialty="Cardiology", windows=[window])
    assert answer.codes == ["BAD_USER_INPUT"]
