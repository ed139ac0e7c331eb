"""A slot that takes bookings again."""

from domain.scheduling.create_slots import check_apart
from domain.scheduling.schedules import lock_planned_slot
from domain.scheduling.seats import announce_seats
from domain.session import Session
from models import Slot


async def reactivate_slot(session: Session, slot_id: int) -> int:
    """Offers a slot again, unless another has its time by now; returns its id.

    Raises NotFound, Forbidden, SlotInPast, SlotOverlap.
    """
    slot = await lock_planned_slot(session, slot_id)
    if not slot["is_active"]:
        stretch = (slot["starts_at"], slot["blocked_until"])
        await check_apart(session, slot["doctor_id"], {"slotId": stretch}, but=slot_id)
        await session.update(Slot, slot_id, is_active=True)
        session.audit("Slot", slot_id)
        announce_seats(session, slot)
    return slot_id
