"""A day that is not like the weekly hours say: leave, a holiday, extra hours."""

from datetime import date, time, timedelta

from domain.refusal import Invalid
from domain.scheduling.reasons import check_reason
from domain.scheduling.schedules import check_may_plan, find_affiliation, lock_schedule
from domain.scheduling.set_availability_template import check_hours
from domain.session import Session
from models import AvailabilityException
from models.enums import AvailabilityExceptionKind as Kind

MOST_PER_DAY = 20
FARTHEST = timedelta(days=731)
COUNT = "SELECT count(*) AS n FROM availability_exceptions WHERE doctor_id = $1 AND day = $2"


async def add_availability_exception(
    session: Session,
    *,
    doctor_id: int,
    clinic_id: int | None,
    kind: Kind,
    day: date,
    starts_at: time | None,
    ends_at: time | None,
    slot_minutes: int | None,
    reason: str | None,
) -> int:
    """Adds an exception; returns its id. The slots follow with the next generation.

    Leave and holidays count for all of the doctor's clinics where none is named, and for the whole day without times.
    Extra hours need all three. Raises NotFound, Invalid, Forbidden.
    """
    check_may_plan(session.viewer, doctor_id, clinic_id)
    wrong = _wrong(kind, clinic_id, starts_at, ends_at, slot_minutes)
    # A day counts until it is over everywhere.
    if not (session.now - timedelta(days=1)).date() <= day <= (session.now + FARTHEST).date():
        wrong["day"] = "this day is over, or more than two years ahead"
    check_reason(reason)
    if wrong:
        raise Invalid(wrong)
    await lock_schedule(session, doctor_id)
    if clinic_id is not None:
        await find_affiliation(session, doctor_id, clinic_id)
    (existing,) = await session.run(COUNT, doctor_id, day)
    if existing["n"] >= MOST_PER_DAY:
        raise Invalid({"day": f"a day has at most {MOST_PER_DAY} exceptions"})
    exception_id = await session.insert(
        AvailabilityException,
        doctor_id=doctor_id,
        clinic_id=clinic_id,
        kind=kind,
        day=day,
        starts_at=starts_at,
        ends_at=ends_at,
        slot_minutes=slot_minutes,
        reason=reason,
        created_at=session.now,
        updated_at=session.now,
    )
    session.audit("AvailabilityException", exception_id)
    return exception_id


def _wrong(
    kind: Kind, clinic_id: int | None, starts_at: time | None, ends_at: time | None, slot_minutes: int | None
) -> dict[str, str]:
    """What is wrong with the hours of an exception, by field."""
    if kind is Kind.EXTRA_HOURS:
        needed = {"clinicId": clinic_id, "startsAt": starts_at, "endsAt": ends_at, "slotMinutes": slot_minutes}
        if missing := {field: "extra hours need this" for field, value in needed.items() if value is None}:
            return missing
        assert starts_at is not None
        assert ends_at is not None
        assert slot_minutes is not None
        return check_hours(starts_at, ends_at, slot_minutes)
    wrong = {}
    if slot_minutes is not None:
        wrong["slotMinutes"] = "only extra hours have slots"
    if (starts_at is None) != (ends_at is None):
        wrong["startsAt" if starts_at is None else "endsAt"] = "give both times, or none for the whole day"
    elif starts_at is not None and ends_at is not None and starts_at >= ends_at:
        wrong["endsAt"] = "the end comes after the start, on the same day"
    return wrong
