"""Letting go of a held seat."""

from domain.scheduling.holds import let_go, lock_hold
from domain.scheduling.offer_seat import offer_seat
from domain.scheduling.seats import announce_seats
from domain.session import Session


async def release_hold(session: Session, hold_id: int) -> int:
    """Gives the seat back at once; one that was offered is declined with it. Raises NotFound, HoldExpired."""
    hold, slot = await lock_hold(session, hold_id)
    await let_go(session, hold_id)
    session.audit("Hold", hold_id, patient_id=hold["patient_id"])
    announce_seats(session, slot)
    await offer_seat(session, hold["slot_id"], given_up_by=hold["patient_id"])
    return hold_id
