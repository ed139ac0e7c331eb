"""Everything that scheduling refuses: its code, its message read aloud, and the field of the input."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.client import VIEWERS, Client
from tests.clinic_data import NOW
from tests.scheduling.asks import answer_of, appointment, at, do, done, gid, patient, slot
from tests.scheduling.cases import roomy_slot, visit
from tests.scheduling.crowd import CROWD, SQL, add_slot, add_slots, book, hold, offer, prepayment, set_policy, the_row

ME, YOU = (f"patient {n}" for n in CROWD[:2])
SOON = at(15, "12:40")


async def refusal(client: Client, mutation: str, viewer: str, **input: Any) -> tuple[Any, ...]:
    """The one thing that was refused: code, field (or None), message."""
    payload = await do(client, mutation, viewer, **input)
    (error,) = payload["userErrors"]
    assert all(value is None for name, value in payload.items() if name != "userErrors")
    return error["code"], error["field"], error["message"]


async def test_slot_unavailable(one: Client, sql: SQL) -> None:
    full = await add_slot(sql, at(20, "08:00"))
    await book(sql, full, CROWD[1])
    mine = await visit(sql, start=at(21, "08:00"))
    no_seat = ("SLOT_UNAVAILABLE", "slotId", "this slot has no free seat any more")
    assert await refusal(one, "bookAppointment", ME, slotId=slot(full)) == no_seat
    assert await refusal(one, "holdSlot", ME, slotId=slot(full)) == no_seat
    assert await refusal(one, "rescheduleAppointment", "patient", **mine, slotId=slot(full)) == no_seat
    assert (
        await refusal(one, "overrideBooking", "admin", slotId=slot(full), patientId=patient(1), reason="x") == no_seat
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE slots SET is_active = FALSE WHERE starts_at = '2026-06-20 08:00Z'",
        "UPDATE doctors SET status = 'SUSPENDED' WHERE id = 1",
        "UPDATE doctors SET licence_expires_on = '2026-06-20' WHERE id = 1",
        "UPDATE clinics SET is_active = FALSE WHERE id = 1",
    ],
)
async def test_a_slot_that_is_not_offered(one: Client, sql: SQL, change: str) -> None:
    wanted = await add_slot(sql, at(20, "08:00"))
    offered = await offer(sql, CROWD[1], await add_slot(sql, at(20, "09:00")))
    held = await hold(sql, await add_slot(sql, at(20, "10:00")), CROWD[0])
    await sql.execute(change.replace("SUSPENDED", "INACTIVE"))
    gone = "this slot is not offered any more"
    assert await refusal(one, "bookAppointment", ME, slotId=slot(wanted)) == ("SLOT_UNAVAILABLE", "slotId", gone)
    if "slots" in change:
        await sql.execute("UPDATE slots SET is_active = FALSE WHERE starts_at >= '2026-06-20'")
    assert await refusal(one, "acceptOffer", YOU, offerId=gid("WaitlistOffer", offered)) == (
        "SLOT_UNAVAILABLE",
        "offerId",
        gone,
    )
    assert await refusal(one, "bookAppointment", ME, holdId=gid("Hold", held)) == (
        "SLOT_UNAVAILABLE",
        "slotId",
        gone,
    )


async def test_slot_in_past(one: Client, sql: SQL) -> None:
    begun = await add_slot(sql, NOW)
    past = ("SLOT_IN_PAST", "slotId", "this slot has already begun")
    assert await refusal(one, "bookAppointment", ME, slotId=slot(begun)) == past
    assert await refusal(one, "holdSlot", ME, slotId=slot(begun)) == past
    assert await refusal(one, "overrideBooking", "admin", slotId=slot(begun), patientId=patient(1), reason="x") == past


async def test_hold_expired(one: Client, sql: SQL) -> None:
    wanted = await add_slot(sql, at(20, "08:00"), capacity=3)
    over = ("HOLD_EXPIRED", "holdId", "this hold is over; hold the slot again")
    for minutes in (0, -5):
        held = {"holdId": gid("Hold", await hold(sql, wanted, CROWD[0], minutes=minutes))}
        for mutation in ("bookAppointment", "renewHold", "releaseHold"):
            assert await refusal(one, mutation, ME, **held) == over
    released = await done(one, "holdSlot", ME, slotId=slot(wanted))
    await done(one, "releaseHold", ME, holdId=released["hold"]["id"])
    assert await refusal(one, "bookAppointment", ME, holdId=released["hold"]["id"]) == over


async def test_a_hold_is_renewed_once(one: Client, sql: SQL) -> None:
    held = await done(one, "holdSlot", ME, slotId=slot(await add_slot(sql, at(20, "08:00"))))
    again = await done(one, "renewHold", ME, holdId=held["hold"]["id"])
    assert again["hold"]["renewals"] == 1
    assert await refusal(one, "renewHold", ME, holdId=held["hold"]["id"]) == (
        "VALIDATION_ERROR",
        "holdId",
        "a hold is renewed only once",
    )


async def test_nobody_holds_more_than_five_seats(one: Client, sql: SQL) -> None:
    """Neither what has expired or was let go counts, nor what was offered; the clinic is not held by it."""
    slots = await add_slots(sql, 9, at(20, "08:00"))
    await hold(sql, slots[0], CROWD[0], minutes=0)
    await offer(sql, CROWD[0], slots[1])
    for each in slots[2:7]:
        held = await done(one, "holdSlot", ME, slotId=slot(each))
    sixth = ("CONFLICT", "slotId", "nobody holds more than 5 seats at once")
    assert await refusal(one, "holdSlot", ME, slotId=slot(slots[7])) == sixth
    again = await done(one, "holdSlot", ME, slotId=slot(slots[6]))
    assert again["hold"]["id"] == held["hold"]["id"]
    await done(one, "releaseHold", ME, holdId=held["hold"]["id"])
    await done(one, "holdSlot", ME, slotId=slot(slots[7]))
    await book(sql, await add_slot(sql, at(21, "08:00")), CROWD[0])
    await done(one, "holdSlot", "doctor", slotId=slot(slots[8]), patientId=patient(CROWD[0]))


async def test_an_override_needs_a_recent_sign_in(one: Client, sql: SQL, monkeypatch: pytest.MonkeyPatch) -> None:
    about = {"slotId": slot(await add_slot(sql, at(20, "08:00"))), "patientId": patient(CROWD[0]), "reason": "urgent"}
    tired = replace(VIEWERS["admin"], signed_in_at=NOW - timedelta(minutes=16))
    monkeypatch.setitem(VIEWERS, "tired", tired)
    (error,) = (await answer_of(one, "overrideBooking", "tired", **about)).body["errors"]
    assert error["extensions"] == {
        "code": "UNAUTHENTICATED",
        "reason": "insufficient_user_authentication",
        "maxAge": 900,
    }
    monkeypatch.setitem(VIEWERS, "awake", replace(tired, signed_in_at=NOW - timedelta(minutes=15)))
    await done(one, "overrideBooking", "awake", **about)


async def test_offer_expired(one: Client, sql: SQL) -> None:
    over = ("OFFER_EXPIRED", "offerId", "this offer is over; the next in line has it")
    late = await offer(sql, CROWD[0], await add_slot(sql, at(20, "08:00")), minutes=0)
    for mutation in ("acceptOffer", "declineOffer"):
        assert await refusal(one, mutation, ME, offerId=gid("WaitlistOffer", late)) == over
    entry = await sql.fetchval("SELECT entry_id FROM waitlist_offers WHERE id = $1", late)
    left = await done(one, "leaveWaitlist", ME, waitlistEntryId=gid("WaitlistEntry", entry))
    assert left["waitlistEntry"]["status"] == "LEFT"  # whoever has missed an offer can still leave
    answered = await offer(sql, CROWD[1], await add_slot(sql, at(20, "09:00")))
    await done(one, "declineOffer", YOU, offerId=gid("WaitlistOffer", answered))
    assert await refusal(one, "acceptOffer", YOU, offerId=gid("WaitlistOffer", answered)) == over


async def test_duplicate_booking_and_patient_overlap(one: Client, sql: SQL) -> None:
    mine = await add_slot(sql, at(20, "08:00"), capacity=4)
    meanwhile = await add_slot(sql, at(20, "08:10"), doctor=2, capacity=4)
    await done(one, "bookAppointment", ME, slotId=slot(mine))
    twice = ("DUPLICATE_BOOKING", "slotId", "the patient already has a seat in this slot")
    overlap = ("PATIENT_OVERLAP", "slotId", "the patient has another appointment at this time")
    assert await refusal(one, "bookAppointment", ME, slotId=slot(mine)) == twice
    assert await refusal(one, "bookAppointment", ME, slotId=slot(meanwhile)) == overlap
    assert (
        await refusal(one, "overrideBooking", "admin", slotId=slot(meanwhile), patientId=patient(CROWD[0]), reason="x")
        == overlap
    )
    offered = gid("WaitlistOffer", await offer(sql, CROWD[0], meanwhile))
    assert await refusal(one, "acceptOffer", ME, offerId=offered) == ("PATIENT_OVERLAP", "offerId", overlap[2])
    elsewhere = await book(sql, await add_slot(sql, at(21, "08:00")), CROWD[0])
    moved = {"appointmentId": appointment(elsewhere), "slotId": slot(meanwhile)}
    assert await refusal(one, "rescheduleAppointment", ME, **moved) == overlap


async def test_its_own_time_does_not_stand_in_its_way(one: Client, sql: SQL) -> None:
    mine = await book(sql, await add_slot(sql, at(20, "08:00")), CROWD[0])
    overlapping = await add_slot(sql, at(20, "08:10"), doctor=2)
    moved = await done(one, "rescheduleAppointment", ME, appointmentId=appointment(mine), slotId=slot(overlapping))
    assert moved["appointment"]["slot"] == {"id": slot(overlapping)}


async def test_daily_limit_reached(one: Client, sql: SQL) -> None:
    await sql.execute("UPDATE doctors SET daily_patient_limit = 1 WHERE id = 1")
    first, second, other_day = [
        await add_slot(sql, at(*when)) for when in ((20, "08:00"), (20, "09:00"), (21, "08:00"))
    ]
    await done(one, "bookAppointment", ME, slotId=slot(first))
    full = ("DAILY_LIMIT_REACHED", None, "the doctor sees no more patients on this day")
    assert await refusal(one, "bookAppointment", YOU, slotId=slot(second)) == full
    elsewhere = await book(sql, other_day, CROWD[1])
    moved = {"appointmentId": appointment(elsewhere), "slotId": slot(second)}
    assert await refusal(one, "rescheduleAppointment", YOU, **moved) == full
    past_it = await done(one, "overrideBooking", "admin", **moved, reason="urgent")
    assert past_it["appointment"]["slot"] == {"id": slot(second)}
    # Once it is moved in the ordinary way, it counts again.
    await book(sql, other_day := await add_slot(sql, at(22, "08:00")), CROWD[2])
    third = await add_slot(sql, at(22, "09:00"))
    assert other_day != third
    assert (
        await refusal(one, "rescheduleAppointment", YOU, appointmentId=appointment(elsewhere), slotId=slot(third))
        == full
    )


async def test_too_late_to_book(one: Client, sql: SQL) -> None:
    await set_policy(sql, notice_to_book=timedelta(hours=3))
    wanted = await add_slot(sql, NOW + timedelta(hours=3) - timedelta(seconds=1), capacity=5)
    late = ("TOO_LATE_TO_BOOK", None, "the clinic asks for 3 hours of notice to book")
    assert await refusal(one, "bookAppointment", ME, slotId=slot(wanted)) == late
    assert await refusal(one, "holdSlot", ME, slotId=slot(wanted)) == late
    mine = await book(sql, await add_slot(sql, at(20, "08:00")), CROWD[0])
    moved = {"appointmentId": appointment(mine), "slotId": slot(wanted)}
    assert await refusal(one, "rescheduleAppointment", ME, **moved) == late
    await done(one, "bookAppointment", "staff", slotId=slot(wanted), patientId=patient(1))
    await done(one, "overrideBooking", "admin", slotId=slot(wanted), patientId=patient(CROWD[1]), reason="urgent")


async def test_too_late_to_cancel(one: Client, sql: SQL) -> None:
    await set_policy(sql, notice_to_cancel=timedelta(hours=24))
    booked = await done(one, "bookAppointment", ME, slotId=slot(await add_slot(sql, at(16, "11:59"))))
    mine = {"appointmentId": booked["appointment"]["id"], "reason": "ill"}
    assert await refusal(one, "cancelAppointment", ME, **mine) == (
        "TOO_LATE_TO_CANCEL",
        None,
        "the clinic asks for 1 day of notice to cancel; call it",
    )
    await done(one, "cancelAppointment", "staff", **mine)
    begun = await book(sql, await add_slot(sql, at(15, "11:50")), CROWD[0])
    assert await refusal(one, "cancelAppointment", ME, appointmentId=appointment(begun), reason="ill") == (
        "TOO_LATE_TO_CANCEL",
        None,
        "this was possible until 2026-06-15T11:50:00Z",
    )


async def test_a_late_cancellation_costs_its_fee(one: Client, sql: SQL) -> None:
    await set_policy(sql, notice_to_cancel=timedelta(hours=24), late_fee_minor=1500)
    booked = await done(one, "bookAppointment", ME, slotId=slot(await add_slot(sql, at(16, "11:59"))))
    await set_policy(sql, notice_to_cancel=timedelta(hours=24), late_fee_minor=9900)  # later versions change nothing
    await done(one, "cancelAppointment", ME, appointmentId=booked["appointment"]["id"], reason="ill")
    fee = await the_row(sql, "SELECT kind, amount_minor, currency, status FROM payments ORDER BY id DESC LIMIT 1")
    assert tuple(fee) == ("LATE_FEE", 1500, "EUR", "PENDING")


async def test_too_late_to_reschedule_and_too_often(one: Client, sql: SQL) -> None:
    policy = await set_policy(sql, notice_to_reschedule=timedelta(hours=24), max_reschedules=1)
    late = await book(sql, await add_slot(sql, at(16, "11:00")), CROWD[0], policy_id=policy)
    there = slot(await add_slot(sql, at(20, "08:00"), capacity=9))
    assert await refusal(one, "rescheduleAppointment", ME, appointmentId=appointment(late), slotId=there) == (
        "TOO_LATE_TO_RESCHEDULE",
        None,
        "the clinic asks for earlier notice to reschedule",
    )
    begun = await book(sql, await add_slot(sql, at(15, "11:50")), CROWD[0], policy_id=policy)
    assert (await refusal(one, "rescheduleAppointment", ME, appointmentId=appointment(begun), slotId=there))[::2] == (
        "TOO_LATE_TO_RESCHEDULE",
        "this was possible until 2026-06-15T11:50:00Z",
    )
    often = await book(sql, await add_slot(sql, at(22, "08:00")), CROWD[1], policy_id=policy, reschedule_count=1)
    assert await refusal(one, "rescheduleAppointment", YOU, appointmentId=appointment(often), slotId=there) == (
        "RESCHEDULE_LIMIT_REACHED",
        None,
        "this appointment was moved as often as the clinic allows",
    )
    await done(one, "overrideBooking", "admin", appointmentId=appointment(often), slotId=there, reason="kindness")


@pytest.mark.parametrize(
    ("mutation", "status", "start", "message"),
    [
        ("confirmAppointment", "CONFIRMED", SOON, "this step cannot follow: the appointment is CONFIRMED"),
        ("checkIn", "PENDING", SOON, "this step cannot follow: the appointment is PENDING"),
        ("checkIn", "CONFIRMED", at(20, "08:00"), "this is possible from 2026-06-20T06:00:00Z"),
        ("startVisit", "CONFIRMED", SOON, "this step cannot follow: the appointment is CONFIRMED"),
        ("completeVisit", "CHECKED_IN", SOON, "this step cannot follow: the appointment is CHECKED_IN"),
        ("markNoShow", "CONFIRMED", SOON, "this is possible from 2026-06-15T12:45:00Z"),
        ("cancelAppointment", "COMPLETED", SOON, "this step cannot follow: the appointment is COMPLETED"),
        ("declineAppointment", "CONFIRMED", SOON, "this step cannot follow: the appointment is CONFIRMED"),
        ("rescheduleAppointment", "NO_SHOW", SOON, "this step cannot follow: the appointment is NO_SHOW"),
    ],
)
async def test_invalid_transition(one: Client, sql: SQL, mutation: str, status: str, start: Any, message: str) -> None:
    given = await visit(sql, status, start)
    if mutation in ("cancelAppointment", "declineAppointment"):
        given["reason"] = "because"
    if mutation == "rescheduleAppointment":
        given["slotId"] = slot(await roomy_slot(sql, at(21, "08:00")))
    assert await refusal(one, mutation, "staff", **given) == ("INVALID_TRANSITION", None, message)


async def test_a_booking_that_waits_for_its_payment(one: Client, sql: SQL) -> None:
    await prepayment(sql)
    booked = await done(one, "bookAppointment", ME, slotId=slot(await add_slot(sql, at(20, "08:00"))))
    assert (booked["appointment"]["status"], booked["appointment"]["payBy"]) == ("PENDING", "2026-06-15T12:15:00Z")
    mine = {"appointmentId": booked["appointment"]["id"]}
    assert await refusal(one, "confirmAppointment", "staff", **mine) == (
        "INVALID_TRANSITION",
        None,
        "this booking is confirmed by its payment",
    )


async def test_moving_to_a_clinic_that_asks_for_payment_first(one: Client, sql: SQL) -> None:
    """Never confirmed unpaid where prepayment is asked; and fees are those of the clinic where it now is."""
    here = await set_policy(sql, 1, late_fee_minor=100)
    there = await prepayment(sql, 2)
    mine = await book(sql, await add_slot(sql, at(20, "08:00")), CROWD[0], policy_id=here)
    wanted = slot(await add_slot(sql, at(21, "08:00"), doctor=2, clinic=2))
    moved = await done(one, "rescheduleAppointment", ME, appointmentId=appointment(mine), slotId=wanted)
    assert (moved["appointment"]["status"], moved["appointment"]["payBy"]) == ("PENDING", "2026-06-15T12:15:00Z")
    assert await sql.fetchval("SELECT policy_id FROM appointments WHERE id = $1", mine) == there


async def test_what_is_not_there(one: Client, sql: SQL) -> None:
    nobody = 999_999
    asks = [
        ("bookAppointment", {"slotId": slot(nobody)}, "slotId", "slot"),
        ("bookAppointment", {"holdId": gid("Hold", nobody)}, "holdId", "hold"),
        ("bookAppointment", {"slotId": slot(150), "patientId": patient(nobody)}, "patientId", "patient"),
        ("bookAppointment", {"slotId": slot(150), "patientId": patient(2)}, "patientId", "patient"),
        ("holdSlot", {"slotId": slot(nobody)}, "slotId", "slot"),
        ("cancelAppointment", {"appointmentId": appointment(32), "reason": "x"}, "appointmentId", "appointment"),
        ("rescheduleAppointment", {"appointmentId": appointment(12), "slotId": slot(nobody)}, "slotId", "slot"),
        ("acceptOffer", {"offerId": gid("WaitlistOffer", nobody)}, "offerId", "offer"),
        ("leaveWaitlist", {"waitlistEntryId": gid("WaitlistEntry", nobody)}, "waitlistEntryId", "waitlist entry"),
    ]
    for mutation, given, field, what in asks:
        found = await refusal(one, mutation, "patient", **given)
        assert found == ("NOT_FOUND", field, f"there is no such {what}"), (mutation, given)
    assert await refusal(one, "joinWaitlist", "patient", doctorIds=[gid("Doctor", nobody)]) == (
        "NOT_FOUND",
        "doctorIds",
        "one of these doctors is not there",
    )
    assert (
        await sql.fetchval("SELECT count(*) FROM audit_records WHERE entity = 'Appointment' AND action <> 'read'") == 0
    )
