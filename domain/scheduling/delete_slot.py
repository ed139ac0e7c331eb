"""A slot that never was."""

from domain.refusal import Conflict
from domain.scheduling.schedules import lock_planned_slot
from domain.scheduling.seats import announce_seats
from domain.scheduling.withdraw_slots import withdraw_slots
from domain.session import Session


async def delete_slot(session: Session, slot_id: int) -> int:
    """Deletes a slot to come that was never booked or offered and is not held; returns its doctor's id.

    Raises NotFound, Forbidden, SlotInPast, Conflict.
    """
    slot = await lock_planned_slot(session, slot_id)
    if slot["held_count"] or slot["booked_count"]:
        raise Conflict("a seat of this slot is taken; deactivate it instead", field="slotId", slot_id=slot_id)
    if not await withdraw_slots(session, [slot_id]):
        raise Conflict("this slot was booked or offered before; deactivate it", field="slotId", slot_id=slot_id)
    session.audit("Slot", slot_id)
    announce_seats(session, slot)
    return int(slot["doctor_id"])
