"""A little longer."""

from domain.refusal import Invalid
from domain.scheduling.holds import lock_hold
from domain.scheduling.policy import hold_until
from domain.scheduling.seats import announce_seats, read_slot
from domain.session import Session
from models import Hold

RENEWALS = 1


async def renew_hold(session: Session, hold_id: int) -> int:
    """Makes a hold last as long again from now, once. Raises NotFound, HoldExpired, Invalid."""
    hold, _ = await lock_hold(session, hold_id)
    if hold["renewals"] >= RENEWALS:
        raise Invalid({"holdId": "a hold is renewed only once"})
    slot = await read_slot(session, hold["slot_id"])
    expires_at = hold_until(slot.policy, start=slot.starts_at, now=session.now)
    await session.update(Hold, hold_id, expires_at=expires_at, renewals=hold["renewals"] + 1)
    session.audit("Hold", hold_id, patient_id=hold["patient_id"])
    announce_seats(session, slot, expires_at)
    return hold_id
