"""Holding a seat for a while."""

from domain.scheduling.holds import hold_in
from domain.scheduling.offer_seat import offer_freed
from domain.scheduling.policy import hold_until, may_book
from domain.scheduling.refusals import SlotUnavailable
from domain.scheduling.seats import announce_seats, check_offered, lock_slot_for
from domain.scheduling.seekers import check_may_seat, lock_patient
from domain.session import Session
from models import Hold


async def hold_slot(session: Session, slot_id: int, patient_id: int | None) -> int:
    """Takes a seat for as long as the clinic's policy says; returns the hold's id.

    A patient who already holds one here keeps that.

    Raises NotFound, SlotInPast, SlotUnavailable, TooLateToBook.
    """
    patient = await lock_patient(session, patient_id)
    slot = check_offered(session, await lock_slot_for(session, slot_id, patient["id"]), slot_id)
    by_clinic = check_may_seat(session, patient, slot.doctor_id, slot.clinic_id)
    refusal = None if by_clinic else may_book(slot.policy, start=slot.starts_at, now=session.now)
    if refusal is not None:
        raise refusal
    if (held := await hold_in(session, slot, patient["id"])) is not None:
        return held
    if slot.free_seats < 1:
        raise SlotUnavailable(field="slotId", slot_id=slot_id)
    expires_at = hold_until(slot.policy, start=slot.starts_at, now=session.now)
    hold_id = await session.insert(
        Hold,
        slot_id=slot_id,
        patient_id=patient["id"],
        held_by_id=session.viewer.user_id,
        expires_at=expires_at,
        created_at=session.now,
    )
    session.audit("Hold", hold_id, patient_id=patient["id"])
    announce_seats(session, slot, expires_at)
    await offer_freed(session, slot, besides=patient["id"])
    return hold_id
