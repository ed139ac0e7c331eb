"""Holding a seat for a while."""

from domain.refusal import Conflict
from domain.scheduling.holds import hold_in
from domain.scheduling.offer_seat import offer_freed
from domain.scheduling.policy import hold_until, may_book
from domain.scheduling.refusals import SlotUnavailable
from domain.scheduling.seats import announce_seats, check_offered, lock_slot_for
from domain.scheduling.seekers import check_may_seat, lock_patient
from domain.session import Session

MOST = 5
# What is held for a patient because it was offered to her does not count: she has not asked for it.
HOLD = f"""
INSERT INTO holds (slot_id, patient_id, held_by_id, expires_at, created_at)
SELECT $1, $2, $3, $4::timestamptz, $5::timestamptz WHERE $6::boolean OR {MOST} > (
  SELECT count(*) FROM holds h WHERE h.patient_id = $2 AND h.released_at IS NULL AND h.expires_at > $5
    AND NOT EXISTS (SELECT FROM waitlist_offers o WHERE o.hold_id = h.id)
)
RETURNING id
"""  # noqa: S608 - a constant of this module


async def hold_slot(session: Session, slot_id: int, patient_id: int | None) -> int:
    """Takes a seat for as long as the clinic's policy says; returns the hold's id.

    A patient who already holds one here keeps that. She holds no more than MOST at once, unless the clinic does it
    for her.

    Raises NotFound, SlotInPast, SlotUnavailable, TooLateToBook, Conflict.
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
    wanted = (slot_id, patient["id"], session.viewer.user_id, expires_at, session.now)
    added = await session.run(HOLD, *wanted, by_clinic)
    if not added:
        raise Conflict(f"nobody holds more than {MOST} seats at once", field="slotId", slot_id=slot_id)
    hold_id: int = added[0]["id"]
    session.audit("Hold", hold_id, patient_id=patient["id"])
    announce_seats(session, slot, expires_at)
    await offer_freed(session, slot, besides=patient["id"])
    return hold_id
