"""A doctor's weekly hours."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from asyncpg import Record

from domain.refusal import Conflict, Invalid, NotFound
from domain.scheduling.schedules import check_may_plan, find_affiliation, lock_schedule
from domain.session import Session
from models import AvailabilityTemplate

MOST = 200
LARGEST_CAPACITY = 100
DEFAULTS: dict[str, Any] = {"buffer_minutes": 0, "capacity": 1, "valid_until": None}
FIELDS = {
    "doctor_id": "doctorId",
    "clinic_id": "clinicId",
    "weekday": "weekday",
    "starts_at": "startsAt",
    "ends_at": "endsAt",
    "slot_minutes": "slotMinutes",
    "buffer_minutes": "bufferMinutes",
    "capacity": "capacity",
    "valid_from": "validFrom",
    "valid_until": "validUntil",
}
COUNT = "SELECT count(*) AS n FROM availability_templates WHERE doctor_id = $1 AND removed_at IS NULL"


async def set_availability_template(
    session: Session, template_id: int | None, version: int | None, given: Mapping[str, Any]
) -> int:
    """Makes a template of the `given` columns, or changes those of the one with this id and version; returns its id.

    The slots follow with the next generation. Raises NotFound, Invalid, Conflict, Forbidden.
    """
    if template_id is not None:
        return await _change(session, template_id, version, given)
    if version is not None:
        raise Invalid({"version": "a new template has none"})
    needed = ("doctor_id", "clinic_id", "weekday", "starts_at", "ends_at", "slot_minutes")
    if missing := {FIELDS[name]: "a new template needs this" for name in needed if given.get(name) is None}:
        raise Invalid(missing)
    doctor_id, clinic_id = given["doctor_id"], given["clinic_id"]
    check_may_plan(session.viewer, doctor_id, clinic_id)
    await lock_schedule(session, doctor_id)
    clinic = await find_affiliation(session, doctor_id, clinic_id)
    today = session.now.astimezone(ZoneInfo(clinic["time_zone"])).date()
    values = {**DEFAULTS, "valid_from": today, **given}
    _check(values)
    (existing,) = await session.run(COUNT, doctor_id)
    if existing["n"] >= MOST:
        raise Invalid({"doctorId": f"a doctor has at most {MOST} templates"})
    made = await session.insert(AvailabilityTemplate, **values, created_at=session.now, updated_at=session.now)
    session.audit("AvailabilityTemplate", made)
    return made


async def _change(session: Session, template_id: int, version: int | None, given: Mapping[str, Any]) -> int:
    if version is None:
        raise Invalid({"version": "say which version you have seen"})
    template = await lock_template(session, template_id)
    moved = {FIELDS[n]: "a template stays where it is" for n in ("doctor_id", "clinic_id") if n in given}
    if any(given[name] != template[name] for name in ("doctor_id", "clinic_id") if name in given):
        raise Invalid(moved)
    if template["version"] != version:
        raise Conflict(field="version")
    _check({name: given.get(name, template[name]) for name in FIELDS})
    await session.update(AvailabilityTemplate, template_id, **given)
    session.audit("AvailabilityTemplate", template_id)
    return template_id


async def lock_template(session: Session, template_id: int) -> Record:
    """A template that the viewer may change, locked after its doctor. Raises NotFound, Forbidden."""
    try:
        found = await session.find(AvailabilityTemplate, template_id)
        check_may_plan(session.viewer, found["doctor_id"], found["clinic_id"])
        await lock_schedule(session, found["doctor_id"])
        return await session.lock(AvailabilityTemplate, template_id)
    except NotFound:
        raise NotFound("there is no such template", field="id") from None


def check_hours(starts_at: time, ends_at: time, slot_minutes: int) -> dict[str, str]:
    """What is wrong with hours, by field."""
    wrong = {}
    if not 5 <= slot_minutes <= 480:
        wrong["slotMinutes"] = "a slot lasts 5 to 480 minutes"
    if starts_at >= ends_at:
        wrong["endsAt"] = "the end comes after the start, on the same day"
    elif datetime.combine(date.min, ends_at) - datetime.combine(date.min, starts_at) < timedelta(minutes=slot_minutes):
        wrong.setdefault("slotMinutes", "not even one slot fits into these hours")
    return wrong


def _check(values: Mapping[str, Any]) -> None:
    wrong = {FIELDS[name]: "this cannot be null" for name in values if values[name] is None and name != "valid_until"}
    if wrong:
        raise Invalid(wrong)
    wrong = check_hours(values["starts_at"], values["ends_at"], values["slot_minutes"])
    if not 1 <= values["weekday"] <= 7:
        wrong["weekday"] = "a weekday is 1 (Monday) to 7 (Sunday)"
    if not 0 <= values["buffer_minutes"] <= 240:
        wrong["bufferMinutes"] = "a buffer lasts 0 to 240 minutes"
    if not 1 <= values["capacity"] <= LARGEST_CAPACITY:
        wrong["capacity"] = f"a slot takes 1 to {LARGEST_CAPACITY} patients"
    if values["valid_until"] is not None and values["valid_until"] < values["valid_from"]:
        wrong["validUntil"] = "the last day is not before the first"
    if wrong:
        raise Invalid(wrong)
