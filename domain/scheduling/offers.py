"""An offer of the waitlist that somebody answers."""

from asyncpg import Record

from domain.refusal import NotFound
from domain.scheduling.refusals import OfferExpired
from domain.session import Session
from models import WaitlistEntry, WaitlistOffer
from models.enums import OfferStatus, WaitlistStatus

FIND = """
SELECT o.id, o.entry_id, o.slot_id, o.hold_id, o.status, e.patient_id, e.appointment_id
FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id WHERE o.id = $1
"""
LOCK_LIVE = "SELECT FROM holds WHERE id = $1 AND released_at IS NULL AND expires_at > $2 FOR NO KEY UPDATE"


async def find_offer(session: Session, offer_id: int) -> Record:
    """The offer with its entry's patient, if it is the viewer's to answer. Raises NotFound."""
    found = await session.run(FIND, offer_id)
    if found:
        try:
            await session.find(WaitlistEntry, found[0]["entry_id"])
            return found[0]
        except NotFound:
            pass
    raise NotFound("there is no such offer", field="offerId")


async def lock_offer(session: Session, offer_id: int, entry_id: int, hold_id: int) -> None:
    """Locks the hold, the entry and the open offer of a locked slot. Raises OfferExpired."""
    live = await session.run(LOCK_LIVE, hold_id, session.now)
    await session.run("SELECT FROM waitlist_entries WHERE id = $1 FOR NO KEY UPDATE", entry_id)
    (offer,) = await session.run("SELECT status FROM waitlist_offers WHERE id = $1 FOR NO KEY UPDATE", offer_id)
    if offer["status"] != OfferStatus.OPEN or not live:
        raise OfferExpired(field="offerId")


async def close_offer(session: Session, offer: Record, to: OfferStatus, entry: WaitlistStatus) -> None:
    """Ends a locked offer, lets go of its hold, and says how its entry goes on."""
    await session.run(
        "UPDATE holds SET released_at = $1 WHERE id = $2 AND released_at IS NULL", session.now, offer["hold_id"]
    )
    await session.update(WaitlistOffer, offer["id"], status=to)
    await session.update(WaitlistEntry, offer["entry_id"], status=entry)
    session.audit("WaitlistOffer", offer["id"], patient_id=offer["patient_id"])
