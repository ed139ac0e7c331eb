"""What has run out by itself: holds, bookings not paid in time, offers not taken.

Readers and writers count all of it as free at once; sweeping makes it so in the tables, offers the seat to the next
in line, and tells those who watch the slot.
"""

from domain.scheduling.offer_seat import offer_seat
from domain.scheduling.offers import close_offer
from domain.scheduling.seats import announce_seats, lock_slots
from domain.session import Session
from models.enums import OfferStatus, WaitlistStatus

AT_ONCE = 100

# An offer may be left over when a booking has let go of its hold on the way.
RUN_OUT = f"""
SELECT slot_id FROM holds WHERE released_at IS NULL AND expires_at <= $1
UNION SELECT slot_id FROM appointments WHERE awaits_payment AND pay_by <= $1
UNION SELECT o.slot_id FROM waitlist_offers o JOIN holds h ON h.id = o.hold_id
      WHERE o.status = 'OPEN' AND (h.released_at IS NOT NULL OR h.expires_at <= $1)
ORDER BY slot_id LIMIT {AT_ONCE}
"""  # noqa: S608 - a constant of this module
SEATS = "SELECT booked_count, held_count FROM slots WHERE id = $1"
LOCK_ENTRIES = """
SELECT e.id, e.status FROM waitlist_entries e WHERE e.id IN (
  SELECT entry_id FROM waitlist_offers WHERE slot_id = $1 AND status = 'OPEN'
) ORDER BY e.id FOR NO KEY UPDATE
"""
LOCK_MISSED = """
SELECT o.id, o.entry_id, o.hold_id, e.patient_id, e.status AS entry_status
FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id JOIN holds h ON h.id = o.hold_id
WHERE o.slot_id = $1 AND o.status = 'OPEN' AND h.released_at IS NOT NULL ORDER BY o.id FOR NO KEY UPDATE OF o
"""


async def sweep(session: Session, slot_id: int) -> bool:
    """Lets go of what has run out in a slot and offers the seats to those who wait. Whether there was anything."""
    before = await lock_slots(session, [slot_id])
    if not before:
        return False
    (after,) = await session.run(SEATS, slot_id)
    missed = await _close_missed_offers(session, slot_id)
    if after["held_count"] < before[0]["held_count"]:
        announce_seats(session, before[0])
    if not missed and (after["booked_count"], after["held_count"]) == (
        before[0]["booked_count"],
        before[0]["held_count"],
    ):
        return False
    while await offer_seat(session, slot_id) is not None:
        pass  # each takes a seat, and nobody is asked twice about a slot
    return True


async def _close_missed_offers(session: Session, slot_id: int) -> int:
    await session.run(LOCK_ENTRIES, slot_id)
    missed = await session.run(LOCK_MISSED, slot_id)
    for offer in missed:
        status = WaitlistStatus(offer["entry_status"])
        waits = WaitlistStatus.WAITING if status is WaitlistStatus.OFFERED else status
        await close_offer(session, offer, OfferStatus.EXPIRED, waits)
    return len(missed)
