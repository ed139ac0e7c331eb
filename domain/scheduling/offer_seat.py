"""A freed seat goes to the first who waits for one like it: held for her, with a deadline."""

from datetime import datetime

from asyncpg import Record

from domain.scheduling.policy import offer_until
from domain.scheduling.seats import LockedSlot, announce_seats, read_slot
from domain.session import Session
from models import Hold, WaitlistEntry, WaitlistOffer
from models.enums import OfferStatus, WaitlistStatus

FIRST_WHO_FITS = """
SELECT e.id, e.patient_id FROM waitlist_entries e
LEFT JOIN appointments mine ON mine.id = e.appointment_id AND mine.keeps_seat
JOIN slots s ON s.id = $1 JOIN doctors d ON d.id = s.doctor_id
WHERE e.status = 'WAITING' AND e.patient_id IS DISTINCT FROM $2
  AND (e.doctor_ids = '{}' OR s.doctor_id = ANY (e.doctor_ids))
  AND (e.clinic_ids = '{}' OR s.clinic_id = ANY (e.clinic_ids))
  AND (e.specialty IS NULL OR lower(e.specialty) = lower(d.specialty))
  AND e.windows @> tstzrange(s.starts_at, s.ends_at)
  AND (mine.id IS NULL OR mine.starts_at > s.starts_at)
  AND NOT EXISTS (SELECT FROM patients p WHERE p.id = e.patient_id AND p.status = 'INACTIVE')
  AND NOT EXISTS (SELECT FROM waitlist_offers o WHERE o.entry_id = e.id AND o.slot_id = s.id)
  AND NOT EXISTS (
    SELECT FROM appointments a WHERE a.patient_id = e.patient_id AND a.keeps_seat
      AND a.id IS DISTINCT FROM e.appointment_id AND a.starts_at < s.ends_at AND a.ends_at > s.starts_at)
ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED LIMIT 1
"""


async def offer_seat(session: Session, slot_id: int, *, given_up_by: int | None = None) -> int | None:
    """Holds a free seat of a locked slot for the first in line whom it suits; returns the offer's id.

    Nobody is offered the same slot twice, the seat that she has just given up, a slot that has begun, or a time at
    which she is elsewhere.
    """
    entries = await session.run(FIRST_WHO_FITS, slot_id, given_up_by)
    if not entries:
        return None
    slot = await read_slot(session, slot_id)
    until = offer_until(slot.policy, start=slot.starts_at, now=session.now)
    if not slot.is_offered or slot.free_seats < 1 or until <= session.now:
        return None
    return await _offer(session, slot, until, entries[0])


async def offer_freed(session: Session, slot: LockedSlot, *, besides: int) -> None:
    """Offers on the seats that are left of what had run out when a slot was locked: no sweep finds them any more.

    The patient `besides`, for whom it was locked, is not asked.
    """
    for slot_id in slot.freed:
        while await offer_seat(session, slot_id, given_up_by=besides) is not None:
            pass  # each takes a seat, and nobody is asked twice about a slot


async def _offer(session: Session, slot: LockedSlot, until: datetime, entry: Record) -> int:
    hold_id = await session.insert(
        Hold,
        slot_id=slot.id,
        patient_id=entry["patient_id"],
        expires_at=until,
        renewals=1,
        created_at=session.now,
    )
    offer_id = await session.insert(
        WaitlistOffer, entry_id=entry["id"], slot_id=slot.id, hold_id=hold_id, status=OfferStatus.OPEN
    )
    await session.update(WaitlistEntry, entry["id"], status=WaitlistStatus.OFFERED)
    session.audit("WaitlistOffer", offer_id, patient_id=entry["patient_id"], action="offerSeat")
    announce_seats(session, slot, until)
    told = {"offer_id": offer_id, "slot_id": slot.id, "patient_id": entry["patient_id"]}
    session.emit("waitlist.offered", "WaitlistEntry", entry["id"], **told)
    return offer_id
