"""Slots that nobody has a seat in are taken away."""

from domain.session import Session

DELETE = """
WITH forgotten AS (
  SELECT s.id FROM slots s WHERE s.id = ANY ($1::bigint[])
    AND NOT EXISTS (SELECT FROM appointments a WHERE a.slot_id = s.id)
    AND NOT EXISTS (SELECT FROM appointment_timeline t WHERE t.from_slot_id = s.id)
    AND NOT EXISTS (SELECT FROM waitlist_offers o WHERE o.slot_id = s.id)
), released AS (
  DELETE FROM holds WHERE slot_id IN (SELECT id FROM forgotten)
)
DELETE FROM slots WHERE id IN (SELECT id FROM forgotten) RETURNING id
"""
RETIRE = """
UPDATE slots SET is_active = FALSE, template_id = NULL, is_extra = FALSE, updated_at = $2 WHERE id = ANY ($1::bigint[])
"""


async def withdraw_slots(session: Session, slot_ids: list[int]) -> set[int]:
    """Deletes those of these locked slots, in which no seat is taken, that nothing tells of; returns their ids."""
    return {row["id"] for row in await session.run(DELETE, slot_ids)}


async def withdraw_or_retire_slots(session: Session, slot_ids: list[int]) -> None:
    """Deletes locked slots in which no seat is taken; those that a cancelled visit or an offer tells of stay behind,
    inactive and no more of the plan."""
    deleted = await withdraw_slots(session, slot_ids)
    if remembered := [slot_id for slot_id in slot_ids if slot_id not in deleted]:
        await session.run(RETIRE, remembered, session.now)
