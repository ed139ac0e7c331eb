"""A doctor's schedule: who may change it, and one writer at a time."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from auth.viewer import Viewer
from domain.refusal import Forbidden, Invalid, NotFound
from domain.scheduling.calendar import PlannedSlot
from domain.scheduling.refusals import SlotInPast
from domain.scheduling.seats import lock_slots
from domain.session import Session
from models import Doctor, Slot
from models.enums import DoctorStatus

AFFILIATIONS = """
SELECT c.id, c.time_zone, c.is_active FROM doctor_clinics d JOIN clinics c ON c.id = d.clinic_id
WHERE d.doctor_id = $1 AND (d.ended_at IS NULL OR d.ended_at > $2) ORDER BY c.id
"""
KEEP_CLINICS = """
SELECT c.id FROM clinics c
WHERE c.id IN (SELECT clinic_id FROM doctor_clinics WHERE doctor_id = $1) AND ($2::bigint IS NULL OR c.id = $2)
ORDER BY c.id FOR SHARE
"""
ADD_SLOTS = """
INSERT INTO slots (doctor_id, clinic_id, starts_at, ends_at, blocked_until, capacity, template_id, is_extra,
                   created_at, updated_at)
SELECT $1, clinic_id, starts_at, ends_at, blocked_until, capacity, template_id, $2 AND template_id IS NULL, $3, $3
FROM unnest($4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::smallint[], $9::bigint[])
  AS made (clinic_id, starts_at, ends_at, blocked_until, capacity, template_id)
RETURNING id, starts_at
"""


def check_may_plan(viewer: Viewer, doctor_id: int, clinic_id: int | None) -> None:
    """A doctor plans her own time, a clinic's people what she does there; None is all of her clinics.

    Raises Forbidden.
    """
    if viewer.sight.everything or viewer.doctor_id == doctor_id or clinic_id in viewer.clinic_ids:
        return
    raise Forbidden("this schedule is neither yours nor of a clinic that you work for")


async def lock_schedule(session: Session, doctor_id: int) -> Record:
    """The doctor, locked, so that whoever else changes her schedule waits; bookings do not. Raises NotFound."""
    try:
        return await session.lock(Doctor, doctor_id)
    except NotFound:
        raise NotFound("there is no such doctor", field="doctorId") from None


async def lock_calendar(
    session: Session, doctor_id: int, clinic_id: int | None = None
) -> tuple[Record, frozenset[int]]:
    """The doctor, locked as by `lock_schedule`, and before her the clinics that slots are made at (None: all of hers),
    whose ids come with her: nobody closes these, or one of their days, before the slots are there to be taken back.

    Raises NotFound.
    """
    clinics = await session.run(KEEP_CLINICS, doctor_id, clinic_id)
    return await lock_schedule(session, doctor_id), frozenset(row["id"] for row in clinics)


async def lock_planned_slot(session: Session, slot_id: int) -> Record:
    """A slot still to come whose schedule the viewer may change, locked after its doctor, freed of what has expired.

    Raises NotFound, Forbidden, SlotInPast.
    """
    try:
        found = await session.find(Slot, slot_id)
        check_may_plan(session.viewer, found["doctor_id"], found["clinic_id"])
        await lock_schedule(session, found["doctor_id"])
        await lock_slots(session, [slot_id])
        slot = await session.lock(Slot, slot_id)
    except NotFound:
        raise NotFound("there is no such slot", field="slotId") from None
    if slot["starts_at"] <= session.now:
        raise SlotInPast("this slot is over, or has begun", field="slotId", slot_id=slot_id)
    return slot


def check_may_offer(doctor: Record) -> None:
    """Raises Invalid for a doctor who may not offer slots."""
    if doctor["status"] != DoctorStatus.APPROVED:
        raise Invalid({"doctorId": f"only approved doctors offer slots; this one is {doctor['status'].lower()}"})


async def affiliations(session: Session, doctor_id: int) -> dict[int, Record]:
    """The clinics where a doctor works now, by id: time zone, and whether it is active."""
    return {row["id"]: row for row in await session.run(AFFILIATIONS, doctor_id, session.now)}


async def find_affiliation(session: Session, doctor_id: int, clinic_id: int, *, is_open: bool = False) -> Record:
    """The clinic, if the doctor works there now, and with `is_open` only if it is active. Raises Invalid."""
    clinic = (await affiliations(session, doctor_id)).get(clinic_id)
    if clinic is None:
        raise Invalid({"clinicId": "the doctor does not work at this clinic"})
    if is_open and not clinic["is_active"]:
        raise Invalid({"clinicId": "this clinic is closed"})
    return clinic


async def add_slots(
    session: Session, doctor_id: int, slots: Sequence[PlannedSlot], *, by_plan: bool
) -> dict[datetime, int]:
    """Adds slots to a locked schedule; their ids by start. Raises SlotOverlap.

    Those `by_plan` may be taken away again when the plan changes.
    """
    rows = await session.run(
        ADD_SLOTS,
        *(doctor_id, by_plan, session.now),
        [slot.clinic_id for slot in slots],
        [slot.starts_at for slot in slots],
        [slot.ends_at for slot in slots],
        [slot.blocked_until for slot in slots],
        [slot.capacity for slot in slots],
        [slot.template_id for slot in slots],
    )
    return {row["starts_at"]: row["id"] for row in rows}


def announce_schedule(session: Session, doctor_id: int, clinic_ids: Sequence[int]) -> None:
    """Tells that many of a locked doctor's slots have changed: one event, since who listens only asks again."""
    session.emit("doctor.schedule_changed", "Doctor", doctor_id, doctor_id=doctor_id, clinic_ids=list(clinic_ids))
