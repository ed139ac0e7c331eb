"""Yes, please: the offered seat is booked, and what was to be given up for it is."""

from asyncpg import Record

from domain.refusal import Conflict
from domain.scheduling.book_appointment import check_not_elsewhere, seat
from domain.scheduling.cancel_appointment import cancel
from domain.scheduling.offer_seat import offer_freed, offer_seat
from domain.scheduling.offers import close_offer, find_offer, lock_offer
from domain.scheduling.seats import check_offered, lock_slot_for
from domain.scheduling.seekers import check_may_seat, lock_patient
from domain.session import Session
from models.enums import OfferStatus, WaitlistStatus

GIVEN_UP = "given up for an earlier time"
# Whoever may answer the offer need not see it: that she would give it up is her own word.
TO_GIVE_UP = "SELECT * FROM appointments WHERE id = $1"


async def accept_offer(session: Session, offer_id: int) -> int:
    """Books the seat that an offer holds; returns the appointment's id. The one that the patient would give up is
    cancelled in the same transaction, without a fee, and its seat offered on.

    Raises NotFound, OfferExpired, and what a booking is refused for.
    """
    offer = await find_offer(session, offer_id)
    patient = await lock_patient(session, offer["patient_id"], "offerId")
    found = await session.run(TO_GIVE_UP, offer["appointment_id"])
    locked = await lock_slot_for(session, offer["slot_id"], patient["id"], *(old["slot_id"] for old in found))
    old = await _lock_to_give_up(session, found[0]) if found else None
    await lock_offer(session, offer_id, offer["entry_id"], offer["hold_id"])
    slot = check_offered(session, locked, offer["slot_id"], "offerId")
    by_clinic = check_may_seat(session, patient, slot.doctor_id, slot.clinic_id)
    given_up = old if old is not None and old["status"] in ("PENDING", "CONFIRMED") else None
    if given_up is not None:
        await cancel(session, given_up, GIVEN_UP)
    await close_offer(session, offer, OfferStatus.ACCEPTED, WaitlistStatus.BOOKED)
    check_not_elsewhere(slot, None if given_up is None else given_up["id"], field="offerId")
    appointment_id = seat(session, patient["id"], slot, None, by_clinic=by_clinic)
    if old is not None:
        await offer_seat(session, old["slot_id"], given_up_by=patient["id"])
    await offer_freed(session, slot, besides=patient["id"])
    return appointment_id


async def _lock_to_give_up(session: Session, found: Record) -> Record:
    (old,) = await session.run(f"{TO_GIVE_UP} FOR NO KEY UPDATE", found["id"])
    if old["slot_id"] != found["slot_id"]:
        raise Conflict("the appointment to give up was moved this moment; look at it again", field="offerId")
    return old
