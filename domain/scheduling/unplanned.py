"""Why a doctor's calendar has no slot that starts at a given time: the rule that keeps it from being bookable."""

from datetime import datetime
from enum import StrEnum

from domain.scheduling.calendar import LeftOutBecause, Plan


class Unplanned(StrEnum):
    """NO_HOURS: no template or extra hours for then. OFF_BEAT: within a slot or its buffer, but none starts then."""

    NO_HOURS = "NO_HOURS"
    OFF_BEAT = "OFF_BEAT"


def why_unplanned(found: Plan, clinic_id: int, start: datetime) -> LeftOutBecause | Unplanned | None:
    """Why the plan, which is for the day of `start`, has no slot there; None if it has one.

    A local time that the clock never shows is nobody's start, and answers as any other time between two.
    """
    here = [slot for slot in found.slots if slot.clinic_id == clinic_id]
    left_out = [each for each in found.left_out if each.slot.clinic_id == clinic_id]
    if any(slot.starts_at == start for slot in here):
        return None
    for each in left_out:
        if each.slot.starts_at == start:
            return each.because
    if any(slot.starts_at < start < slot.blocked_until for slot in (*here, *(each.slot for each in left_out))):
        return Unplanned.OFF_BEAT
    return Unplanned.NO_HOURS
