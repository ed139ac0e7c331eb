"""A hold that somebody wants to use."""

from asyncpg import Record

from domain.refusal import Invalid, NotFound
from domain.scheduling.refusals import HoldExpired
from domain.scheduling.seats import LockedSlot, lock_as_they_are
from domain.session import Session
from models import Hold
from models.enums import OfferStatus, WaitlistStatus

LIVE_ONE = """
SELECT id FROM holds WHERE slot_id = $1 AND patient_id = $2 AND released_at IS NULL AND expires_at > $3
ORDER BY id LIMIT 1
"""
# A held seat may be one that was offered to her, and then the offer is answered with it.
END = """
WITH ended AS (
  UPDATE holds SET released_at = $1 WHERE id = $2 AND released_at IS NULL AND expires_at > $1 RETURNING id
), answered AS (
  UPDATE waitlist_offers o SET status = $3, updated_at = $1 FROM ended WHERE o.hold_id = ended.id AND o.status = 'OPEN'
  RETURNING o.entry_id
), goes_on AS (
  UPDATE waitlist_entries e SET status = $4, updated_at = $1 FROM answered WHERE e.id = answered.entry_id
)
SELECT FROM ended
"""


async def find_hold(session: Session, hold_id: int, patient_id: int | None = None) -> Record:
    """The hold as it is now, not locked. Raises NotFound, and Invalid if it is for another patient than this."""
    try:
        hold = await session.find(Hold, hold_id)
    except NotFound:
        raise NotFound("there is no such hold", field="holdId") from None
    if patient_id is not None and patient_id != hold["patient_id"]:
        raise Invalid({"holdId": "this hold is for another patient"})
    return hold


async def lock_hold(session: Session, hold_id: int) -> tuple[Record, Record]:
    """The live hold and its slot, locked the other way round.

    Raises NotFound if it is not the viewer's to use, and HoldExpired.
    """
    found = await find_hold(session, hold_id)
    (slot,) = await lock_as_they_are(session, [found["slot_id"]])
    hold = await session.lock(Hold, hold_id)
    if hold["released_at"] is not None or hold["expires_at"] <= session.now:
        raise HoldExpired(field="holdId", slot_id=hold["slot_id"])
    return hold, slot


async def hold_in(session: Session, slot: LockedSlot, patient_id: int) -> int | None:
    """The live hold that a locked patient has in a locked slot, if any."""
    if not slot.held_count:
        return None
    held = await session.run(LIVE_ONE, slot.id, patient_id, session.now)
    return held[0]["id"] if held else None


async def use_hold(session: Session, hold_id: int, slot: LockedSlot) -> None:
    """Gives back a hold in a locked slot, for its seat to be booked in the same breath. Raises HoldExpired."""
    if not await _end(session, hold_id, OfferStatus.ACCEPTED, WaitlistStatus.BOOKED):
        raise HoldExpired(field="holdId", slot_id=slot.id)


async def let_go(session: Session, hold_id: int) -> None:
    """Gives back a locked hold for whoever comes next."""
    await _end(session, hold_id, OfferStatus.DECLINED, WaitlistStatus.WAITING)


async def _end(session: Session, hold_id: int, offer: OfferStatus, entry: WaitlistStatus) -> bool:
    return bool(await session.run(END, session.now, hold_id, offer, entry))
