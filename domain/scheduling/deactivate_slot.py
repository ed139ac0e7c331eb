"""A slot that takes no new bookings."""

from domain.scheduling.reasons import check_reason
from domain.scheduling.schedules import lock_planned_slot
from domain.scheduling.seats import announce_seats
from domain.session import Session
from models import Slot


async def deactivate_slot(session: Session, slot_id: int, reason: str | None) -> int:
    """Offers a slot no more; what is booked stays, what is held cannot be booked. Returns its id.

    Generation leaves it alone, and puts nothing in its place. Raises NotFound, Forbidden, Invalid, SlotInPast.
    """
    check_reason(reason)
    slot = await lock_planned_slot(session, slot_id)
    if slot["is_active"]:
        await session.update(Slot, slot_id, is_active=False)
        session.audit("Slot", slot_id, reason=reason)
        announce_seats(session, slot)
    return slot_id
