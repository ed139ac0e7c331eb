"""Taking slots back that are still to come, and saying what becomes of those who sit in them.

The doctor or clinic is locked before. Whoever books locks the slot first, and looks afterwards whether it is still
offered; so a booking either stands before its slot is locked here, and is seen, or finds the slot withdrawn.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from domain.refusal import Conflict, Invalid
from domain.scheduling.cancel_appointment import cancel
from domain.scheduling.seats import announce_seats, lock_slots
from domain.session import Session

SHOWN = 100
"""Appointments that an answer lists; it counts all."""

WHERE = """s.starts_at > $1 AND ($2::bigint IS NULL OR s.doctor_id = $2) AND ($3::bigint IS NULL OR s.clinic_id = $3)
  AND ($4::date IS NULL OR s.local_day = $4)"""
SLOTS = f"SELECT s.id FROM slots s WHERE {WHERE} AND (s.is_active OR s.booked_count > 0)"  # noqa: S608 - constants
STANDING = "a.status IN ('PENDING', 'CONFIRMED', 'CHECKED_IN') AND NOT (a.awaits_payment AND a.pay_by <= $1)"
AFFECTED = f"""
SELECT a.id FROM appointments a JOIN slots s ON s.id = a.slot_id WHERE {WHERE} AND {STANDING} ORDER BY a.starts_at, a.id
"""  # noqa: S608
SEATED = f"""
SELECT a.* FROM appointments a WHERE a.slot_id = ANY ($2::bigint[]) AND {STANDING} ORDER BY a.id FOR NO KEY UPDATE
"""  # noqa: S608
LET_GO = "UPDATE holds SET released_at = $1 WHERE slot_id = ANY ($2::bigint[]) AND released_at IS NULL"
WAIT_ON = """
UPDATE waitlist_entries SET status = 'WAITING', updated_at = $1 WHERE status = 'OFFERED' AND id IN (
  SELECT entry_id FROM waitlist_offers WHERE slot_id = ANY ($2::bigint[]) AND status = 'OPEN')
"""
END_OFFERS = "UPDATE waitlist_offers SET status = 'EXPIRED' WHERE slot_id = ANY ($1::bigint[]) AND status = 'OPEN'"
WITHDRAW = "UPDATE slots SET is_active = false WHERE id = ANY ($1::bigint[]) AND is_active"


class Seated(StrEnum):
    """What becomes of the appointments in slots that are taken back."""

    REFUSE = "REFUSE"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Reach:
    """Slots to come of a doctor, a clinic, a clinic-local day, or what these have in common."""

    doctor_id: int | None = None
    clinic_id: int | None = None
    day: date | None = None


async def affected(session: Session, reach: Reach) -> dict[str, Any]:
    """The appointments that stand in these slots: how many, and the first hundred."""
    rows = await session.run(AFFECTED, session.now, reach.doctor_id, reach.clinic_id, reach.day)
    return {"affected_count": len(rows), "affected_ids": [row["id"] for row in rows[:SHOWN]]}


async def withdraw_slots(session: Session, reach: Reach, seated: Seated, reason: str | None) -> dict[str, Any]:
    """Takes the slots back, and cancels what stands in them with the reason, so that what was paid goes back; returns
    what `affected` returns.

    Raises Conflict, with what stands in the way, if that is to be a refusal; Invalid if a reason is missing.
    """
    found = await session.run(SLOTS, session.now, reach.doctor_id, reach.clinic_id, reach.day)
    slots = await lock_slots(session, [row["id"] for row in found])
    ids = [slot["id"] for slot in slots]
    standing = await session.run(SEATED, session.now, ids)
    told = {"affected_count": len(standing), "affected_ids": [row["id"] for row in standing[:SHOWN]]}
    if standing and seated is Seated.REFUSE:
        raise Conflict("there are appointments to come", field="appointments", beside=told)
    if standing and reason is None:
        raise Invalid({"reason": "say why: those whose appointments are cancelled will read it"})
    await session.run(WITHDRAW, ids)
    await session.run(LET_GO, session.now, ids)
    await session.run(WAIT_ON, session.now, ids)
    await session.run(END_OFFERS, ids)
    for appointment in standing:
        await cancel(session, appointment, reason or "")
    for slot in slots:
        announce_seats(session, slot)
    return told
