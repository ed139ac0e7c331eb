"""Booking: a patient gets a seat, or learns why not."""

from domain.refusal import Invalid
from domain.scheduling.holds import find_hold, hold_in, use_hold
from domain.scheduling.offer_seat import offer_freed
from domain.scheduling.policy import beginning, may_book
from domain.scheduling.reasons import check_reason
from domain.scheduling.record_steps import announce
from domain.scheduling.refusals import DuplicateBooking, PatientOverlap, SlotUnavailable
from domain.scheduling.seats import LockedSlot, check_offered, lock_slot_for
from domain.scheduling.seekers import check_may_seat, lock_patient
from domain.session import Session
from models import Appointment

SEAT = """
INSERT INTO appointments
  (id, slot_id, patient_id, status, pay_by, reason, policy_id, booked_by_id, booked_at, is_override, is_first_visit)
SELECT $1::bigint, $2::bigint, $3::bigint, $4::text, $5::timestamptz, $6::text, $7::bigint, $8::bigint, $9::timestamptz,
       $10::boolean, NOT EXISTS (SELECT FROM appointments WHERE patient_id = $3 AND doctor_id = $11 AND keeps_seat)
RETURNING *
"""
FIRST_STEP = """
INSERT INTO appointment_timeline
  (appointment_id, clinic_id, to_status, to_slot_id, actor_id, client_id, reason, happened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def book_appointment(
    session: Session,
    *,
    slot_id: int | None,
    hold_id: int | None,
    patient_id: int | None,
    reason: str | None,
    override_reason: str | None = None,
) -> int:
    """Books a slot, or the seat of a hold; returns the appointment's id.

    With a reason to override, neither notice nor the doctor's daily limit count. Raises what a booking is refused for.
    """
    check_reason(reason)
    if (slot_id is None) == (hold_id is None):
        raise Invalid({"slotId": "name a slot or a hold, and not both"})
    hold = None if hold_id is None else await find_hold(session, hold_id, patient_id)
    if hold is not None:
        slot_id, patient_id = hold["slot_id"], hold["patient_id"]
    assert slot_id is not None
    patient = await lock_patient(session, patient_id)
    slot = check_offered(session, await lock_slot_for(session, slot_id, patient["id"]), slot_id)
    by_clinic = check_may_seat(session, patient, slot.doctor_id, slot.clinic_id)
    if not by_clinic and override_reason is None:
        refusal = may_book(slot.policy, start=slot.starts_at, now=session.now)
        if refusal is not None:
            raise refusal
    check_not_elsewhere(slot)
    await claim_seat(session, patient["id"], slot, hold_id)
    appointment_id = seat(session, patient["id"], slot, reason, by_clinic=by_clinic, override_reason=override_reason)
    await offer_freed(session, slot, besides=patient["id"])
    return appointment_id


def check_not_elsewhere(slot: LockedSlot, appointment_id: int | None = None, *, field: str = "slotId") -> None:
    """Raises DuplicateBooking or PatientOverlap if the locked patient is taken then, but for this one appointment."""
    taken = [there for other, there in slot.meanwhile if other != appointment_id]
    if taken:
        refusal = DuplicateBooking if slot.id in taken else PatientOverlap
        raise refusal(field=field, slot_id=slot.id)


async def claim_seat(session: Session, patient_id: int, slot: LockedSlot, hold_id: int | None) -> None:
    """Sees to it that the locked slot has a seat for the locked patient: that of a hold, which she may have there
    without saying so, or a free one. Raises HoldExpired, SlotUnavailable."""
    hold_id = await hold_in(session, slot, patient_id) if hold_id is None else hold_id
    if hold_id is not None:
        await use_hold(session, hold_id, slot)
    elif slot.free_seats < 1:
        raise SlotUnavailable(field="slotId", slot_id=slot.id)


def seat(
    session: Session,
    patient_id: int,
    slot: LockedSlot,
    reason: str | None,
    *,
    by_clinic: bool,
    override_reason: str | None = None,
) -> int:
    """Writes down the appointment of a locked patient in a locked slot that has a seat for her; returns its id."""
    start = beginning(
        slot.policy, start=slot.starts_at, now=session.now, price_minor=slot.fee_minor, by_clinic=by_clinic
    )
    viewer, now = session.viewer, session.now
    appointment_id = slot.next_appointment_id
    assert appointment_id is not None, "a slot is locked for whoever gets a seat in it"
    session.add(  # whoever may give the seat sees who sits in it
        *(Appointment, appointment_id, SEAT),
        *(appointment_id, slot.id, patient_id, start.status, start.pay_by, reason, slot.policy_id),
        *(viewer.user_id, now, override_reason is not None, slot.doctor_id),
    )
    session.put_off(
        *(FIRST_STEP, appointment_id, slot.clinic_id, start.status, slot.id),
        *(viewer.user_id, viewer.client_id, override_reason, now),
    )
    session.audit("Appointment", appointment_id, patient_id=patient_id, reason=override_reason)
    place = {"slot_id": slot.id, "doctor_id": slot.doctor_id, "clinic_id": slot.clinic_id}
    appointment = {"id": appointment_id, "patient_id": patient_id, **place}
    pay_by = None if start.pay_by is None else start.pay_by.isoformat()
    announce(session, "appointment.booked", appointment, status=start.status, pay_by=pay_by)
    return appointment_id
