"""What each step leaves behind: timeline, audit, events. Whoever reads them later must find who, what and why."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.client import Client
from tests.scheduling.asks import appointment, at, done, gid, patient, slot
from tests.scheduling.cases import CASES, TODAY, roomy_slot, tidy, visit
from tests.scheduling.crowd import CROWD, SQL, add_slot, book, prepayment, set_policy, the_row

ME, YOU = (f"patient {n}" for n in CROWD[:2])

TIMELINE = """
SELECT from_status, to_status, from_slot_id, to_slot_id, actor_id, client_id, reason, clinic_id
FROM appointment_timeline WHERE appointment_id = $1 ORDER BY id
"""
AUDIT = """
SELECT action, entity, entity_id, user_id, client_id, patient_id, reason FROM audit_records
WHERE action NOT IN ('read', 'view') AND id > $1 ORDER BY id
"""
EVENTS = "SELECT name, aggregate, aggregate_id, payload FROM outbox_events WHERE id > $1 ORDER BY id"
LAST = """
SELECT coalesce((SELECT max(id) FROM audit_records), 0) AS audit,
       coalesce((SELECT max(id) FROM outbox_events), 0) AS events
"""

Written = Callable[[], Awaitable[tuple[list[Any], list[Any]]]]


@pytest.fixture
async def written(sql: SQL) -> Written:
    """Audit records and events since it was last asked."""
    last = dict(await the_row(sql, LAST))

    async def since() -> tuple[list[Any], list[Any]]:
        audits = [tuple(row) for row in await sql.fetch(AUDIT, last["audit"])]
        events = [(*row[:3], orjson.loads(row[3])) for row in await sql.fetch(EVENTS, last["events"])]
        last.update(await the_row(sql, LAST))
        return audits, events

    return since


async def test_a_visit_from_booking_to_the_end(one: Client, sql: SQL, written: Written) -> None:
    await set_policy(sql, confirmation="STAFF")
    wanted = await roomy_slot(sql, TODAY)
    booked = await done(one, "bookAppointment", "patient", slotId=slot(wanted), reason="Very private")
    number: int = await sql.fetchval("SELECT max(id) FROM appointments")
    mine = {"appointmentId": booked["appointment"]["id"]}
    audits, events = await written()
    assert audits == [("bookAppointment", "Appointment", number, 2001, None, 1, None)]
    place = {"slot_id": wanted, "doctor_id": 1, "clinic_id": 1, "patient_id": 1}
    assert events == [("appointment.booked", "Appointment", number, {**place, "status": "PENDING", "pay_by": None})]
    steps = [
        ("confirmAppointment", "staff", 2),
        ("checkIn", "manager", 3),
        ("startVisit", "doctor", 1001),
        ("completeVisit", "doctor", 1001),
    ]
    states = ["PENDING", "CONFIRMED", "CHECKED_IN", "IN_PROGRESS", "COMPLETED"]
    for n, (mutation, viewer, user_id) in enumerate(steps):
        after = await done(one, mutation, viewer, **mine, **({"notes": "Very private"} if n == 3 else {}))
        assert (after["appointment"]["status"], after["appointment"]["version"]) == (states[n + 1], n + 2)
        audits, events = await written()
        assert audits == [(mutation, "Appointment", number, user_id, None, 1, None)]
        changed = {**place, "status": states[n + 1], "before": states[n]}
        assert events == [("appointment.status_changed", "Appointment", number, changed)]
    timeline = [tuple(row) for row in await sql.fetch(TIMELINE, number)]
    assert timeline == [
        (None, "PENDING", None, wanted, 2001, None, None, 1),
        ("PENDING", "CONFIRMED", None, None, 2, None, None, 1),
        ("CONFIRMED", "CHECKED_IN", None, None, 3, None, None, 1),
        ("CHECKED_IN", "IN_PROGRESS", None, None, 1001, None, None, 1),
        ("IN_PROGRESS", "COMPLETED", None, None, 1001, None, None, 1),
    ]
    assert await sql.fetchval("SELECT notes FROM appointments WHERE id = $1", number) == "Very private"


async def test_reasons_are_kept_and_stay_out_of_events(one: Client, sql: SQL, written: Written) -> None:
    for mutation, viewer, status in (
        ("cancelAppointment", "service", "CONFIRMED"),
        ("declineAppointment", "staff", "PENDING"),
    ):
        await tidy(sql)
        mine = await visit(sql, status)
        number = await sql.fetchval("SELECT max(id) FROM appointments")
        await written()
        await done(one, mutation, viewer, **mine, reason="the doctor is ill")
        audits, events = await written()
        who = (None, "service") if viewer == "service" else (2, None)
        assert audits == [(mutation, "Appointment", number, *who, 1, "the doctor is ill")]
        assert "ill" not in str(events)
        last = tuple((await sql.fetch(TIMELINE, number))[-1])
        assert (last[4:6], last[6]) == (who, "the doctor is ill")


async def test_moving_says_from_where_to_where(one: Client, sql: SQL, written: Written) -> None:
    here, there = await add_slot(sql, at(20, "08:00")), await add_slot(sql, at(21, "08:00"), doctor=2)
    number = await book(sql, here, CROWD[0])
    moved = await done(
        one, "rescheduleAppointment", ME, appointmentId=appointment(number), slotId=slot(there), reason="work"
    )
    assert (moved["appointment"]["id"], moved["appointment"]["version"]) == (appointment(number), 2)
    assert moved["appointment"]["rescheduleCount"] == 1
    audits, events = await written()
    me = CROWD[0] + 4_000
    assert audits == [("rescheduleAppointment", "Appointment", number, me, None, CROWD[0], "work")]
    ((name, aggregate, _, payload),) = events
    assert (name, aggregate) == ("appointment.status_changed", "Appointment")
    assert payload == {
        "slot_id": there, "doctor_id": 2, "clinic_id": 1, "patient_id": CROWD[0],
        "status": "CONFIRMED", "before": "CONFIRMED",
        "from_slot_id": here, "from_doctor_id": 1, "from_clinic_id": 1,
    }  # fmt: skip
    assert tuple((await sql.fetch(TIMELINE, number))[-1]) == (
        "CONFIRMED",
        "CONFIRMED",
        here,
        there,
        me,
        None,
        "work",
        1,
    )


async def test_an_override_says_why(one: Client, sql: SQL, written: Written) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    await done(one, "overrideBooking", "admin", slotId=slot(wanted), patientId=patient(CROWD[0]), reason="a colleague")
    number = await sql.fetchval("SELECT max(id) FROM appointments WHERE is_override")
    audits, _ = await written()
    assert audits == [("overrideBooking", "Appointment", number, 1, None, CROWD[0], "a colleague")]
    assert [row["reason"] for row in await sql.fetch(TIMELINE, number)] == ["a colleague"]


async def test_a_seat_that_is_held_renewed_and_let_go_is_told(one: Client, sql: SQL, written: Written) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    held = (await done(one, "holdSlot", ME, slotId=slot(wanted)))["hold"]["id"]
    await done(one, "renewHold", ME, holdId=held)
    await done(one, "releaseHold", ME, holdId=held)
    audits, events = await written()
    assert [row[:2] for row in audits] == [(name, "Hold") for name in ("holdSlot", "renewHold", "releaseHold")]
    until = "2026-06-15T12:05:00+00:00"
    assert [(name, of, payload["expires_at"]) for name, _, of, payload in events] == [
        ("slot.changed", wanted, until),
        ("slot.changed", wanted, until),
        ("slot.changed", wanted, None),
    ]


async def test_what_is_freed_goes_to_the_first_in_line_and_then_to_the_next(
    one: Client, sql: SQL, written: Written
) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    theirs = await book(sql, wanted, CROWD[9])
    line = [f"patient {n}" for n in CROWD[:3]]
    for viewer in line:
        await done(one, "joinWaitlist", viewer, doctorIds=[gid("Doctor", 1)])
    await written()
    await done(one, "cancelAppointment", f"patient {CROWD[9]}", appointmentId=appointment(theirs), reason="ill")
    audits, events = await written()
    assert [(action, patient_id) for action, _, _, _, _, patient_id, _ in audits] == [
        ("cancelAppointment", CROWD[9]),
        ("offerSeat", CROWD[0]),
    ]
    assert [name for name, *_ in events] == ["appointment.cancelled", "slot.changed", "waitlist.offered"]
    offered = "SELECT o.id FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id WHERE e.patient_id = $1"
    first = gid("WaitlistOffer", await sql.fetchval(offered, CROWD[0]))
    declined = await done(one, "declineOffer", line[0], offerId=first)
    assert declined["waitlistEntry"]["status"] == "WAITING"
    second = await the_row(sql, "SELECT id, entry_id FROM waitlist_offers WHERE status = 'OPEN'")
    left = await done(one, "leaveWaitlist", line[1], waitlistEntryId=gid("WaitlistEntry", second["entry_id"]))
    assert left["waitlistEntry"]["status"] == "LEFT"
    third = gid("WaitlistOffer", await sql.fetchval(offered, CROWD[2]))
    taken = await done(one, "acceptOffer", line[2], offerId=third)
    assert taken["appointment"]["slot"] == {"id": slot(wanted)}
    entries = await sql.fetch("SELECT status FROM waitlist_entries ORDER BY patient_id")
    assert [row["status"] for row in entries] == ["WAITING", "LEFT", "BOOKED"]


async def test_a_seat_that_nobody_wants_is_told_to_be_free(one: Client, sql: SQL, written: Written) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    theirs = await book(sql, wanted, CROWD[9])
    await done(one, "joinWaitlist", ME, doctorIds=[gid("Doctor", 1)])
    await done(one, "cancelAppointment", f"patient {CROWD[9]}", appointmentId=appointment(theirs), reason="ill")
    await written()
    made = await the_row(sql, "SELECT id FROM waitlist_offers")
    await done(one, "declineOffer", ME, offerId=gid("WaitlistOffer", made["id"]))
    _, events = await written()
    assert [(name, payload["expires_at"]) for name, _, _, payload in events] == [("slot.changed", None)]


async def test_the_hold_of_an_offer_answers_it(one: Client, sql: SQL) -> None:
    """Booked or let go by its hold, an offer is not left open."""
    for name, status, entry in (("bookAppointment", "ACCEPTED", "BOOKED"), ("releaseHold", "DECLINED", "WAITING")):
        await tidy(sql)
        await CASES["acceptOffer"](sql)
        made = await the_row(sql, "SELECT id, hold_id, entry_id FROM waitlist_offers ORDER BY id DESC LIMIT 1")
        await done(one, name, "patient", holdId=gid("Hold", made["hold_id"]))
        assert await sql.fetchval("SELECT status FROM waitlist_offers WHERE id = $1", made["id"]) == status
        assert await sql.fetchval("SELECT status FROM waitlist_entries WHERE id = $1", made["entry_id"]) == entry


async def test_one_who_is_held_a_seat_books_it_by_its_slot(one: Client, sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    held = await done(one, "holdSlot", ME, slotId=slot(wanted))
    assert (await done(one, "holdSlot", ME, slotId=slot(wanted)))["hold"]["id"] == held["hold"]["id"]
    booked = await done(one, "bookAppointment", ME, slotId=slot(wanted))
    assert booked["appointment"]["status"] == "CONFIRMED"
    assert await sql.fetchval("SELECT held_count FROM slots WHERE id = $1", wanted) == 0


async def test_what_lapses_is_the_servers_doing(one: Client, sql: SQL, written: Written) -> None:
    await prepayment(sql)
    wanted = await add_slot(sql, at(20, "08:00"))
    lapsed = await book(sql, wanted, CROWD[0], status="PENDING", pay_by=at(15, "12:00"))
    await done(one, "bookAppointment", YOU, slotId=slot(wanted))
    audits, events = await written()
    assert (audits[0][0], audits[0][2], audits[0][5], audits[0][6]) == ("lapse", lapsed, CROWD[0], "not paid in time")
    assert [name for name, *_ in events] == ["appointment.cancelled", "appointment.booked"]
    assert tuple((await sql.fetch(TIMELINE, lapsed))[-1])[4:7] == (None, None, "not paid in time")


async def test_no_payload_holds_more_than_ids_codes_and_instants(one: Client, sql: SQL) -> None:
    await set_policy(sql, late_fee_minor=100, notice_to_cancel=timedelta(days=30))
    for mutation, case in CASES.items():
        await tidy(sql)
        viewer = {"renewHold": "patient", "releaseHold": "patient", "overrideBooking": "admin"}.get(mutation, "staff")
        await done(one, mutation, viewer, **await case(sql))
    keys = {
        row["key"] for row in await sql.fetch("SELECT DISTINCT jsonb_object_keys(payload) AS key FROM outbox_events")
    }
    assert keys == {
        "slot_id", "doctor_id", "clinic_id", "patient_id", "status", "before", "pay_by", "expires_at",
        "from_slot_id", "from_doctor_id", "from_clinic_id",
    }  # fmt: skip
