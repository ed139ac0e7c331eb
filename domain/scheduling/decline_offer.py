"""No, thank you: the next in line is asked."""

from domain.scheduling.offer_seat import offer_seat
from domain.scheduling.offers import close_offer, find_offer, lock_offer
from domain.scheduling.seats import announce_seats, lock_as_they_are
from domain.session import Session
from models.enums import OfferStatus, WaitlistStatus


async def decline_offer(session: Session, offer_id: int) -> int:
    """Gives the offered seat to the next in line; the entry waits on. Returns the entry's id.

    Raises NotFound, OfferExpired.
    """
    offer = await find_offer(session, offer_id)
    (slot,) = await lock_as_they_are(session, [offer["slot_id"]])
    await lock_offer(session, offer_id, offer["entry_id"], offer["hold_id"])
    await close_offer(session, offer, OfferStatus.DECLINED, WaitlistStatus.WAITING)
    announce_seats(session, slot)
    await offer_seat(session, offer["slot_id"])
    return int(offer["entry_id"])
