"""A doctor's slots as they are, beside the slots that her calendar plans."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from asyncpg import Record

from domain.scheduling.calendar import LeftOut, Plan, PlannedSlot
from domain.session import Session

# No zone is further than a day from UTC, and no slot with its buffer lasts longer than half of one.
MARGIN = timedelta(days=2)
LONGEST_BLOCK = timedelta(hours=12)

READ = """
SELECT s.id, s.clinic_id, s.starts_at, s.ends_at, s.blocked_until, s.local_day, s.capacity, s.is_active,
       s.template_id IS NOT NULL OR s.is_extra AS is_planned,
       s.booked_count > s.unpaid_count
         OR (s.unpaid_count > 0 AND EXISTS (
           SELECT FROM appointments a WHERE a.slot_id = s.id AND a.awaits_payment AND a.pay_by > $4))
         OR (s.held_count > 0 AND EXISTS (
           SELECT FROM holds h WHERE h.slot_id = s.id AND h.released_at IS NULL AND h.expires_at > $4)) AS is_taken
FROM slots s
WHERE s.doctor_id = $1 AND s.starts_at >= $2 AND s.starts_at < $3
  AND (s.is_active OR s.booked_count > 0 OR s.template_id IS NOT NULL OR s.is_extra)
ORDER BY s.starts_at
"""


class SkipReason(StrEnum):
    """What stands in the plan's way. Leave, holidays and closing days do not: they were asked for."""

    CLOCK_CHANGE = "CLOCK_CHANGE"
    TAKEN = "TAKEN"
    OVERLAP = "OVERLAP"


SKIPPED = {reason.value: reason for reason in SkipReason}


class Planner(Protocol):
    """Which days and clinics are planned, and the plan for them beside slots that stay."""

    @property
    def first(self) -> date: ...
    @property
    def last(self) -> date: ...
    @property
    def clinics(self) -> Collection[int]: ...
    def plan(self, taken: list[Record]) -> Plan: ...


class Skipped(NamedTuple):
    """A planned slot that is not made, and the slot that is there instead."""

    start: datetime
    reason: SkipReason
    slot_id: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a plan makes and takes away (ids); how many it finds as they should be; what it skips; and which slots of
    earlier plans stay although it has them no more, because somebody has a seat (ids).

    `replaceable` are all slots of earlier plans in which nobody has a seat.
    """

    create: list[PlannedSlot]
    remove: list[int]
    kept: int
    skipped: list[Skipped]
    stayed: list[int]
    replaceable: frozenset[int]


async def read_slots(session: Session, doctor_id: int, first: date, last: date) -> list[Record]:
    """A doctor's slots around these days, by start: those that block their time, and those of earlier plans."""
    begin = datetime.combine(first, time(), UTC) - MARGIN
    end = datetime.combine(last, time(), UTC) + MARGIN
    return await session.run(READ, doctor_id, begin, end, session.now)


def compare(
    slots: Sequence[Record], planner: Planner, now: datetime, *, among: frozenset[int] | None = None
) -> Difference:
    """The difference between the slots and the plan; with `among`, only those ids are replaceable.

    A deactivated slot of the plan keeps its time: who took it out does not want it back.
    """

    def is_planned_here(slot: Record) -> bool:
        in_range = slot["clinic_id"] in planner.clinics and planner.first <= slot["local_day"] <= planner.last
        return bool(slot["is_planned"] and in_range and slot["starts_at"] > now)

    def is_replaceable(slot: Record) -> bool:
        free = slot["is_active"] and not slot["is_taken"] and (among is None or slot["id"] in among)
        return bool(free and is_planned_here(slot))

    replaceable = {_shape(slot): slot["id"] for slot in slots if is_replaceable(slot)}
    fixed = [slot for slot in slots if not is_replaceable(slot)]
    found = planner.plan(fixed)
    planned = {
        (slot.clinic_id, slot.starts_at, slot.ends_at, slot.blocked_until, slot.capacity): slot
        for slot in found.slots
        if slot.starts_at > now
    }
    skipped, same = _skipped(found.left_out, fixed, now)
    return Difference(
        create=[slot for shape, slot in planned.items() if shape not in replaceable],
        remove=sorted(slot_id for shape, slot_id in replaceable.items() if shape not in planned),
        kept=len(replaceable.keys() & planned.keys()) + len(same),
        skipped=skipped,
        stayed=[slot["id"] for slot in fixed if slot["is_taken"] and is_planned_here(slot) and slot["id"] not in same],
        replaceable=frozenset(replaceable.values()),
    )


def _shape(slot: Record) -> tuple[int, datetime, datetime, datetime, int]:
    return slot["clinic_id"], slot["starts_at"], slot["ends_at"], slot["blocked_until"], slot["capacity"]


def _skipped(
    left_out: Sequence[LeftOut], fixed: Sequence[Record], now: datetime
) -> tuple[list[Skipped], frozenset[int]]:
    """What stands in the plan's way, and the ids of slots that are the planned ones themselves."""
    skipped, same = [], set()
    starts = [slot["starts_at"] for slot in fixed]
    for planned, because in left_out:
        reason = SKIPPED.get(because.value)
        if reason is None or planned.starts_at <= now:
            continue
        there = _at(planned, fixed, starts) if reason is SkipReason.TAKEN else None
        if there is not None and there["is_active"] and _is_same(there, planned):
            same.add(there["id"])
        else:
            skipped.append(Skipped(planned.starts_at, reason, None if there is None else there["id"]))
    return skipped, frozenset(same)


def _at(planned: PlannedSlot, fixed: Sequence[Record], starts: Sequence[datetime]) -> Record | None:
    """The slot that is there already: the planned one itself, or else one that overlaps it."""
    begin = bisect_left(starts, planned.starts_at - LONGEST_BLOCK)
    end = bisect_left(starts, planned.blocked_until)
    there = [slot for slot in fixed[begin:end] if slot["blocked_until"] > planned.starts_at]
    return next((slot for slot in there if _is_same(slot, planned)), there[0] if there else None)


def _is_same(slot: Record, planned: PlannedSlot) -> bool:
    return bool((slot["clinic_id"], slot["starts_at"], slot["ends_at"]) == planned[:3])
