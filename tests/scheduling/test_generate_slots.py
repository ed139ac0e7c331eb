"""generateSlots: the calendar becomes slots, again and again, and nobody loses a seat by it."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from models.enums import Role
from schema.node import encode_id
from tests.client import VIEWERS, Client, user
from tests.clinic_data import NOW
from tests.scheduling import asks
from tests.scheduling.planning import (
    C1,
    C2,
    C3,
    D1,
    D2,
    D3,
    at,
    connected,
    counts,
    done,
    generate,
    planned,
    refused,
    sent,
    unbooked,
)

EVERY_DAY = range(1, 8)


async def hours(client: Client, **changes: Any) -> str:
    """A template of doctor 1 at clinic 1: Tuesdays from 07:00 to 09:00 UTC, four slots; its id."""
    given = {"doctorId": D1, "clinicId": C1, "weekday": 2, "startsAt": "09:00", "endsAt": "11:00", "slotMinutes": 30}
    payload = await done(client, "setAvailabilityTemplate", "admin", **{**given, **changes})
    return str(payload["availabilityTemplate"]["id"])


async def leave(client: Client, **changes: Any) -> str:
    given = {"doctorId": D1, "kind": "LEAVE", "day": "2026-06-23"}
    payload = await done(client, "addAvailabilityException", "admin", **{**given, **changes})
    return str(payload["availabilityException"]["id"])


async def slots(clinic: str, where: str = "doctor_id = 1") -> list[asyncpg.Record]:
    connection = await asyncpg.connect(clinic)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(f"SELECT * FROM slots WHERE {where} ORDER BY id")
        return rows
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("n", "first", "change"),
    [(1, "2026-10-20", "2026-10-25"), (2, "2027-03-10", "2027-03-14"), (3, "2026-10-20", "2026-10-25")],
    ids=["Europe/Berlin", "America/New_York", "Asia/Kathmandu"],
)
async def test_over_a_clock_change_it_is_what_the_calendar_plans(
    writer: Client, clinic: str, n: int, first: str, change: str
) -> None:
    doctor_id, clinic_id = encode_id("Doctor", n), encode_id("Clinic", n)
    for weekday in EVERY_DAY:
        for starts_at, ends_at in (("00:30", "05:00"), ("09:00", "10:00")):
            await hours(
                writer,
                doctorId=doctor_id,
                clinicId=clinic_id,
                weekday=weekday,
                startsAt=starts_at,
                endsAt=ends_at,
                bufferMinutes=5,
                capacity=2,
            )
    day = date.fromisoformat(first)
    last = day + timedelta(days=9)
    made = await generate(writer, first, last.isoformat(), doctorId=doctor_id)
    connection = await asyncpg.connect(clinic)
    expected = await planned(connection, n, day, last, NOW)
    after = at("2026-07-01T00:00Z")
    assert await unbooked(connection, n, after) == expected
    assert (made["created"], made["removed"], made["kept"]) == (len(expected), 0, 0)
    again = await generate(writer, first, last.isoformat(), doctorId=doctor_id)
    assert counts(again) == (0, 0, len(expected), made["skippedCount"])
    zone = ZoneInfo(await connection.fetchval("SELECT time_zone FROM clinics WHERE id = $1", n))
    clocks = Counter(start.astimezone(zone).strftime("%H:%M") for _, start, *_ in expected)
    assert clocks["09:00"] == 10
    usual = len([start for _, start, *_ in expected if start.astimezone(zone).date() == day])
    changed = len([start for _, start, *_ in expected if start.astimezone(zone).date().isoformat() == change])
    assert (usual, changed) == {1: (8, 8), 2: (8, 6), 3: (8, 8)}[n]
    local_days = await connection.fetch("SELECT local_day, starts_at FROM slots WHERE doctor_id = $1", n)
    assert all(row["local_day"] == row["starts_at"].astimezone(zone).date() for row in local_days)
    await connection.close()


async def test_what_changes_follows(writer: Client, clinic: str) -> None:
    template = await hours(writer)
    week = ("2026-06-22", "2026-06-28")
    assert counts(await generate(writer, *week)) == (4, 0, 0, 0)
    assert counts(await generate(writer, *week, viewer="doctor")) == (0, 0, 4, 0)
    absent = await leave(writer, startsAt="10:00", endsAt="10:15")
    assert counts(await generate(writer, *week, viewer="manager")) == (0, 1, 3, 0)
    extra = await leave(writer, kind="EXTRA_HOURS", clinicId=C1, startsAt="15:00", endsAt="16:00", slotMinutes=20)
    assert counts(await generate(writer, *week)) == (3, 0, 3, 0)
    await done(writer, "removeAvailabilityException", "admin", id=extra)
    await done(writer, "removeAvailabilityException", "admin", id=absent)
    assert counts(await generate(writer, *week)) == (1, 3, 3, 0)
    await done(writer, "setAvailabilityTemplate", "admin", id=template, version=1, slotMinutes=60)
    assert counts(await generate(writer, *week)) == (2, 4, 0, 0)
    await done(writer, "removeAvailabilityTemplate", "admin", id=template)
    assert counts(await generate(writer, *week)) == (0, 2, 0, 0)
    connection = await asyncpg.connect(clinic)
    events = await connection.fetch("SELECT name, aggregate, aggregate_id, payload FROM outbox_events")
    assert Counter(row["name"] for row in events) == {"doctor.schedule_changed": 6}
    assert {(row["aggregate"], row["aggregate_id"]) for row in events} == {("Doctor", 1)}
    audits = "SELECT count(*) FROM audit_records WHERE action = 'generateSlots' AND entity = 'Doctor' AND entity_id = 1"
    assert await connection.fetchval(audits) == 6
    await connection.close()


async def test_closing_days_and_holidays_are_no_obstacles(writer: Client, clinic: str) -> None:
    await hours(writer)
    await hours(writer, weekday=3)
    connection = await asyncpg.connect(clinic)
    await connection.execute("INSERT INTO clinic_closures (clinic_id, day) VALUES (1, '2026-06-23')")
    await connection.close()
    await leave(writer, kind="HOLIDAY", day="2026-06-24", clinicId=C1)
    assert counts(await generate(writer, "2026-06-22", "2026-06-28")) == (0, 0, 0, 0)


async def test_what_is_booked_or_held_stays(writer: Client, clinic: str) -> None:
    await hours(writer)
    await generate(writer, "2026-06-23", "2026-06-23")
    ids = {
        row["starts_at"].hour * 60 + row["starts_at"].minute: row["id"]
        for row in await slots(clinic, "template_id > 0")
    }
    booked, held, cancelled, untouched = (ids[minute] for minute in (420, 450, 480, 510))
    payload = await asks.do(writer, "bookAppointment", "patient", slotId=encode_id("Slot", booked))
    assert payload["userErrors"] == []
    await asks.do(writer, "holdSlot", "stranger", slotId=encode_id("Slot", held))
    gone = (await asks.do(writer, "bookAppointment", "stranger", slotId=encode_id("Slot", cancelled)))["appointment"]
    await asks.do(writer, "cancelAppointment", "stranger", appointmentId=gone["id"], reason="x")
    await leave(writer)
    away = await generate(writer, "2026-06-23", "2026-06-23")
    assert counts(away) == (0, 2, 0, 0)
    assert [each["id"] for each in away["stayed"]] == [encode_id("Slot", booked), encode_id("Slot", held)]
    left = {
        row["id"]: (row["is_active"], row["template_id"]) for row in await slots(clinic, "id > 1000 OR doctor_id = 1")
    }
    assert untouched not in left
    assert left[cancelled] == (False, None)
    assert left[booked][0]
    assert left[held][0]
    assert counts(await generate(writer, "2026-06-23", "2026-06-23")) == (0, 0, 0, 0)
    connection = await asyncpg.connect(clinic)
    await connection.execute("UPDATE holds SET expires_at = $1 WHERE slot_id = $2", NOW, held)
    await connection.close()
    assert counts(await generate(writer, "2026-06-23", "2026-06-23")) == (0, 1, 0, 0)
    assert held not in {row["id"] for row in await slots(clinic)}


async def test_what_stands_in_the_way_is_skipped_and_named(writer: Client, clinic: str) -> None:
    by_hand = [{"start": "2026-06-23T07:15:00Z", "durationMinutes": 20}]
    made = await done(writer, "createSlots", "admin", doctorId=D2, clinicId=C2, slots=by_hand)
    await hours(writer, doctorId=D2)
    found = await generate(writer, "2026-06-23", "2026-06-23", doctorId=D2, clinicId=C1)
    assert counts(found) == (2, 0, 0, 2)
    assert found["skipped"] == [
        {"start": f"2026-06-23T07:{minute}:00Z", "reason": "TAKEN", "slot": {"id": made["slots"][0]["id"]}}
        for minute in ("00", "30")
    ]
    await leave(writer, doctorId=D2)
    # Made by hand, it stays on leave too.
    assert counts(await generate(writer, "2026-06-23", "2026-06-23", doctorId=D2)) == (0, 2, 0, 0)
    assert [row["is_active"] for row in await slots(clinic, "doctor_id = 2 AND local_day = '2026-06-23'")] == [True]


async def test_what_was_deactivated_stays_so(writer: Client, clinic: str) -> None:
    await hours(writer)
    await generate(writer, "2026-06-23", "2026-06-23")
    slot = encode_id("Slot", (await slots(clinic, "template_id > 0"))[1]["id"])
    await done(writer, "deactivateSlot", "doctor", slotId=slot)
    found = await generate(writer, "2026-06-23", "2026-06-23")
    assert (counts(found), found["skipped"][0]["slot"]) == ((0, 0, 3, 1), {"id": slot})
    await done(writer, "reactivateSlot", "doctor", slotId=slot)
    assert counts(await generate(writer, "2026-06-23", "2026-06-23")) == (0, 0, 4, 0)
    await done(writer, "deleteSlot", "doctor", slotId=slot)
    assert counts(await generate(writer, "2026-06-23", "2026-06-23")) == (1, 0, 3, 0)


async def test_the_past_stays_as_it_was(writer: Client, clinic: str) -> None:
    # 12:00 UTC is 14:00 in Berlin.
    await hours(writer, weekday=1, startsAt="12:00", endsAt="16:00", slotMinutes=60, validFrom="2026-01-01")
    assert counts(await generate(writer, "2026-01-01", "2026-06-15")) == (1, 0, 0, 0)
    (made,) = await slots(clinic, "template_id > 0")
    assert made["starts_at"] == at("2026-06-15T13:00Z")
    assert counts(await generate(writer, "2020-01-01", "2020-12-31")) == (0, 0, 0, 0)


async def test_all_clinics_or_those_that_the_viewer_may_plan(
    writer: Client, clinic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VIEWERS, "manager of another", user(3, Role.MANAGER, clinic_ids=(3,)))
    for clinic_id in (C1, C2):
        await hours(writer, doctorId=D2, clinicId=clinic_id)
    week = ("2026-06-22", "2026-06-28")
    assert counts(await generate(writer, *week, viewer="manager", doctorId=D2)) == (4, 0, 0, 0)
    assert {row["clinic_id"] for row in await slots(clinic, "template_id > 0")} == {1}
    assert counts(await generate(writer, *week, doctorId=D2)) == (4, 0, 4, 0)
    given = {"doctorId": D2, "from": week[0], "to": week[1]}
    for viewer, more, code in (
        ("manager", {"clinicId": C2}, "FORBIDDEN"),
        ("manager of another", {}, "FORBIDDEN"),
        ("doctor", {}, "FORBIDDEN"),
        ("doctor of another", {"clinicId": C1}, "FORBIDDEN"),
        ("staff", {}, "FORBIDDEN"),
        ("patient", {}, "FORBIDDEN"),
        ("anonymous", {}, "UNAUTHENTICATED"),
    ):
        assert (await sent(writer, "generateSlots", viewer, **given, **more)).codes == [code], viewer


async def test_what_is_refused(writer: Client, clinic: str) -> None:
    async def wrong(**changes: Any) -> list[tuple[str, str | None]]:
        given = {"doctorId": D1, "from": "2026-06-22", "to": "2026-06-28"}
        return await refused(writer, "generateSlots", "admin", **{**given, **changes})

    assert await wrong(to="2026-06-21") == [("VALIDATION_ERROR", "to")]
    assert await wrong(to="2027-06-23") == [("VALIDATION_ERROR", "to")]
    assert await wrong(**{"from": "2028-06-01", "to": "2028-06-17"}) == [("VALIDATION_ERROR", "to")]
    assert await wrong(**{"from": "0001-01-01", "to": "9999-12-31"}) == [("VALIDATION_ERROR", "to")]
    assert await wrong(clinicId=C3) == [("VALIDATION_ERROR", "clinicId")]
    assert await wrong(clinicId=D3) == [("VALIDATION_ERROR", "clinicId")]
    assert await wrong(doctorId=C1) == [("VALIDATION_ERROR", "doctorId")]
    assert await wrong(doctorId=encode_id("Doctor", 99)) == [("NOT_FOUND", "doctorId")]
    connection = await asyncpg.connect(clinic)
    await connection.execute("UPDATE clinics SET is_active = FALSE WHERE id = 1")
    assert await wrong() == [("VALIDATION_ERROR", "doctorId")]
    assert await wrong(clinicId=C1) == [("VALIDATION_ERROR", "clinicId")]
    await connection.execute("UPDATE doctors SET status = 'INACTIVE' WHERE id = 1")
    assert await wrong() == [("VALIDATION_ERROR", "doctorId")]
    await connection.execute("UPDATE doctors SET status = 'APPROVED' WHERE id = 1")
    await connection.execute("UPDATE doctor_clinics SET ended_at = $1", NOW)
    assert await wrong(clinicId=C1) == [("VALIDATION_ERROR", "clinicId")]
    await connection.close()


async def test_the_statements_do_not_grow_with_the_slots(writer: Client) -> None:
    await hours(writer)
    few = await sent(writer, "generateSlots", "admin", **{"doctorId": D1, "from": "2026-06-22", "to": "2026-06-28"})
    for weekday in EVERY_DAY:
        await hours(writer, weekday=weekday, startsAt="12:00", endsAt="18:00", slotMinutes=10)
    many = await sent(writer, "generateSlots", "admin", **{"doctorId": D1, "from": "2026-07-01", "to": "2027-06-30"})
    assert many.data["generateSlots"]["created"] > 13_000
    assert few.statements == many.statements <= 14


async def test_two_at_once_while_bookings_pour_in(clinic: str) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client.of(clinic)) for _ in range(2)]
        template = await hours(clients[0], startsAt="06:00", endsAt="20:00", slotMinutes=20, validFrom="2026-06-01")
        days = {"doctorId": D1, "from": "2026-06-15", "to": "2026-07-31"}
        await done(clients[0], "generateSlots", "admin", **days)
        connection = await stack.enter_async_context(connected(clinic))
        await connection.execute(
            "INSERT INTO users (id, name, email)"
            " SELECT 5000 + i, 'P', 'p' || i || '@example.org' FROM generate_series(1, 40) i;"
            "INSERT INTO patients (id, user_id) SELECT 5000 + i, 5000 + i FROM generate_series(1, 40) i"
        )
        wanted = await connection.fetch("SELECT id FROM slots WHERE template_id > 0 ORDER BY id LIMIT 40")
        await done(clients[0], "setAvailabilityTemplate", "admin", id=template, version=1, slotMinutes=15)
        books = [
            asks.answer_of(
                clients[n % 2],
                "bookAppointment",
                "admin",
                slotId=encode_id("Slot", row["id"]),
                patientId=encode_id("Patient", 5001 + n),
            )
            for n, row in enumerate(wanted)
        ]
        generations = [sent(clients[n % 2], "generateSlots", "admin", **days) for n in range(4)]
        answers = await asyncio.gather(*books[:10], generations[0], *books[10:20], *generations[1:], *books[20:])
        outcomes = Counter(
            "booked"
            if payload.get("appointment")
            else "generated"
            if not payload["userErrors"]
            else payload["userErrors"][0]["code"]
            for answer in answers
            for payload in answer.data.values()
        )
        assert outcomes["generated"] == 4
        assert set(outcomes) <= {"booked", "generated", "NOT_FOUND"}
        last = await done(clients[1], "generateSlots", "admin", **days)
        assert last["created"] == last["removed"] == 0
        kept = await connection.fetchval(
            "SELECT count(*) FROM appointments a JOIN slots s ON s.id = a.slot_id WHERE a.patient_id > 5000"
        )
        assert kept == outcomes["booked"]
        assert await unbooked(connection, 1, NOW) == await planned(
            connection, 1, date(2026, 6, 15), date(2026, 7, 31), NOW
        )
