"""No longer waiting."""

from domain.refusal import Conflict, NotFound
from domain.scheduling.offer_seat import offer_seat
from domain.scheduling.offers import close_offer
from domain.scheduling.seats import announce_seats, lock_as_they_are
from domain.session import Session
from models import WaitlistEntry
from models.enums import OfferStatus, WaitlistStatus

OPEN_OFFER = """
SELECT o.id, o.entry_id, o.slot_id, o.hold_id, e.patient_id
FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id WHERE e.id = $1 AND o.status = 'OPEN'
"""


async def leave_waitlist(session: Session, entry_id: int) -> int:
    """Ends an entry; a seat that was offered goes to the next in line. Leaving twice changes nothing.

    Raises NotFound, Conflict.
    """
    try:
        await session.find(WaitlistEntry, entry_id)
    except NotFound:
        raise NotFound("there is no such waitlist entry", field="waitlistEntryId") from None
    found = [offer["slot_id"] for offer in await session.run(OPEN_OFFER, entry_id)]
    slots = {slot["id"]: slot for slot in await lock_as_they_are(session, found)} if found else {}
    entry = await session.lock(WaitlistEntry, entry_id)
    if entry["status"] in (WaitlistStatus.BOOKED, WaitlistStatus.LEFT):
        return entry_id
    for offer in await session.run(OPEN_OFFER, entry_id):  # again, now that nobody else answers it
        if offer["slot_id"] not in slots:
            raise Conflict("a seat was offered this moment; look at it first", field="waitlistEntryId")
        await close_offer(session, offer, OfferStatus.DECLINED, WaitlistStatus.LEFT)
        announce_seats(session, slots[offer["slot_id"]])
        await offer_seat(session, offer["slot_id"])
    await session.update(WaitlistEntry, entry_id, status=WaitlistStatus.LEFT)
    session.audit("WaitlistEntry", entry_id, patient_id=entry["patient_id"])
    return entry_id
