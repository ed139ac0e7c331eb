"""Slots made by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.refusal import Invalid
from domain.scheduling.calendar import PlannedSlot
from domain.scheduling.refusals import SlotInPast, SlotOverlap
from domain.scheduling.schedules import (
    add_slots,
    announce_schedule,
    check_may_offer,
    check_may_plan,
    find_affiliation,
    lock_calendar,
)
from domain.session import Session

MOST = 200
LARGEST_CAPACITY = 100
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=8)
LONGEST_BUFFER = 240
FARTHEST = timedelta(days=731)

OVERLAPPING = """
SELECT asked.n, s.id FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS asked (begins, ends, n)
JOIN slots s ON int8range(s.doctor_id, s.doctor_id, '[]') && int8range($1, $1, '[]')
  AND tstzrange(s.starts_at, s.blocked_until) && tstzrange(asked.begins, asked.ends)
WHERE (s.is_active OR s.booked_count > 0) AND s.id IS DISTINCT FROM $4 ORDER BY asked.n, s.starts_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class NewSlot:
    """Either an end or a duration; minutes."""

    start: datetime
    end: datetime | None
    duration_minutes: int | None
    buffer_minutes: int
    capacity: int


async def create_slots(session: Session, doctor_id: int, clinic_id: int, slots: Sequence[NewSlot]) -> list[int]:
    """Makes all of these slots, or none; returns their ids in this order. Generation leaves them alone.

    Raises NotFound, Forbidden, Invalid, SlotInPast, SlotOverlap; the field names the slot: "slots.3.start".
    """
    check_may_plan(session.viewer, doctor_id, clinic_id)
    if not 1 <= len(slots) <= MOST:
        raise Invalid({"slots": f"give 1 to {MOST} slots"})
    ends = _ends(slots, session.now)
    doctor, _ = await lock_calendar(session, doctor_id, clinic_id)
    check_may_offer(doctor)
    clinic = await find_affiliation(session, doctor_id, clinic_id, is_open=True)
    zone = ZoneInfo(clinic["time_zone"])
    made = [
        PlannedSlot(
            clinic_id=clinic_id,
            starts_at=slot.start,
            ends_at=end,
            blocked_until=end + timedelta(minutes=slot.buffer_minutes),
            local_day=slot.start.astimezone(zone).date(),
            capacity=slot.capacity,
            template_id=None,
        )
        for slot, end in zip(slots, ends, strict=True)
    ]
    stretches = {f"slots.{n}.start": (slot.starts_at, slot.blocked_until) for n, slot in enumerate(made)}
    _check_apart_from_each_other(stretches)
    await check_apart(session, doctor_id, stretches)
    ids = await add_slots(session, doctor_id, made, by_plan=False)
    for slot_id in ids.values():
        session.audit("Slot", slot_id)
    announce_schedule(session, doctor_id, [clinic_id])
    return [ids[slot.starts_at] for slot in made]


async def check_apart(
    session: Session,
    doctor_id: int,
    stretches: Mapping[str, tuple[datetime, datetime]],
    *,
    but: int | None = None,
) -> None:
    """Raises SlotOverlap, which names the field and the slot that is there, where a locked doctor has one already."""
    begins, ends = [each[0] for each in stretches.values()], [each[1] for each in stretches.values()]
    for row in await session.run(OVERLAPPING, doctor_id, begins, ends, but):
        raise SlotOverlap(field=list(stretches)[row["n"] - 1], slot_id=row["id"])


def _check_apart_from_each_other(stretches: Mapping[str, tuple[datetime, datetime]]) -> None:
    for (_, (_, until)), (field, (start, _)) in pairwise(sorted(stretches.items(), key=lambda each: each[1])):
        if start < until:
            raise SlotOverlap("two of these slots overlap, buffers included", field=field)


def _ends(slots: Sequence[NewSlot], now: datetime) -> list[datetime]:
    """When each slot ends. Raises Invalid, SlotInPast."""
    wrong: dict[str, str] = {}
    ends = []
    for n, slot in enumerate(slots):
        field = f"slots.{n}"
        if slot.start - now > FARTHEST:
            wrong[f"{field}.start"] = "slots are made at most two years ahead"
            continue
        if (slot.end is None) == (slot.duration_minutes is None):
            wrong[f"{field}.end"] = "give an end or a duration, and not both"
        elif slot.duration_minutes is not None and not 0 <= slot.duration_minutes <= LONGEST / timedelta(minutes=1):
            wrong[f"{field}.durationMinutes"] = "a slot lasts 5 minutes to 8 hours"
        else:
            end = slot.end or slot.start + timedelta(minutes=slot.duration_minutes or 0)
            if not SHORTEST <= end - slot.start <= LONGEST:
                given = "end" if slot.end is not None else "durationMinutes"
                wrong[f"{field}.{given}"] = "a slot lasts 5 minutes to 8 hours"
            ends.append(end)
        if not 0 <= slot.buffer_minutes <= LONGEST_BUFFER:
            wrong[f"{field}.bufferMinutes"] = f"a buffer lasts 0 to {LONGEST_BUFFER} minutes"
        if not 1 <= slot.capacity <= LARGEST_CAPACITY:
            wrong[f"{field}.capacity"] = f"a slot takes 1 to {LARGEST_CAPACITY} patients"
    if wrong:
        raise Invalid(wrong)
    for n, slot in enumerate(slots):
        if slot.start <= now:
            raise SlotInPast("this time is over", field=f"slots.{n}.start")
    return ends
