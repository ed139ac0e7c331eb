"""Templates, exceptions and closing days become slots."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from asyncpg import Record

from domain.refusal import Forbidden, Invalid
from domain.scheduling.availability import ClinicDays, DatedException, Template
from domain.scheduling.calendar import Plan, plan
from domain.scheduling.existing_slots import Difference, compare, read_slots
from domain.scheduling.schedules import (
    add_slots,
    affiliations,
    announce_schedule,
    check_may_offer,
    check_may_plan,
    find_affiliation,
    lock_calendar,
)
from domain.scheduling.seats import lock_slots
from domain.scheduling.withdraw_slots import withdraw_or_retire_slots
from domain.session import Session

MOST_DAYS = 366
FARTHEST = timedelta(days=731)
ONE_DAY = timedelta(days=1)

TEMPLATES = """
SELECT * FROM availability_templates WHERE doctor_id = $1 AND clinic_id = ANY ($2::bigint[]) AND removed_at IS NULL
"""
EXCEPTIONS = """
SELECT * FROM availability_exceptions
WHERE doctor_id = $1 AND (clinic_id IS NULL OR clinic_id = ANY ($2::bigint[])) AND day BETWEEN $3 AND $4
"""
CLOSURES = "SELECT clinic_id, day FROM clinic_closures WHERE clinic_id = ANY ($1::bigint[]) AND day BETWEEN $2 AND $3"


@dataclass(frozen=True, slots=True)
class Rota:
    """What a locked doctor's calendar is planned from, over some clinics and local days."""

    templates: list[Template]
    exceptions: list[DatedException]
    clinics: Mapping[int, ClinicDays]
    first: date
    last: date

    def plan(self, taken: list[Record]) -> Plan:
        """The plan beside slots that stay."""
        return plan(
            self.templates,
            self.exceptions,
            self.clinics,
            first=self.first,
            last=self.last,
            taken=[(slot["starts_at"], slot["blocked_until"]) for slot in taken],
        )


async def generate_slots(
    session: Session, doctor_id: int, clinic_id: int | None, first: date, last: date
) -> Difference | None:
    """Makes the slots of these local days (both included, at most 366) as the calendar plans them; None if all is over.

    Only what is still to come changes. Slots of an earlier plan that this one does not have are taken away, unless
    somebody has or holds a seat. Slots made by hand stay, on leave too, and so do those that were deactivated; what
    overlaps them is skipped. Without a clinic it is for all active ones whose schedule the viewer may change.

    Raises NotFound, Forbidden, Invalid.
    """
    _check_days(session, first, last)
    if clinic_id is not None:
        check_may_plan(session.viewer, doctor_id, clinic_id)
    doctor, kept = await lock_calendar(session, doctor_id, clinic_id)
    check_may_offer(doctor)
    clinics = [clinic for clinic in await _clinics(session, doctor_id, clinic_id) if clinic["id"] in kept]
    rota = await _rota(session, doctor_id, clinics, first, last)
    if rota.first > rota.last:
        return None
    slots = await read_slots(session, doctor_id, rota.first, rota.last)
    found = compare(slots, rota, session.now)
    if found.remove:
        # A booking may have come between: nobody takes a seat of what is locked, so this look is the last.
        ids = sorted(found.replaceable)
        await lock_slots(session, ids)
        slots = await read_slots(session, doctor_id, rota.first, rota.last)
        found = compare(slots, rota, session.now, among=frozenset(ids))
        await withdraw_or_retire_slots(session, found.remove)
    if found.create:
        await add_slots(session, doctor_id, found.create, by_plan=True)
    if found.create or found.remove:
        session.audit("Doctor", doctor_id)
        announce_schedule(session, doctor_id, sorted(rota.clinics))
    return found


def _check_days(session: Session, first: date, last: date) -> None:
    wrong = {}
    if last < first:
        wrong["to"] = "the last day is not before the first"
    elif (last - first).days >= MOST_DAYS:
        wrong["to"] = f"at most {MOST_DAYS} days at once"
    elif last > (session.now + FARTHEST).date():
        wrong["to"] = "slots are made at most two years ahead"
    if wrong:
        raise Invalid(wrong)


async def _clinics(session: Session, doctor_id: int, clinic_id: int | None) -> list[Record]:
    if clinic_id is not None:
        return [await find_affiliation(session, doctor_id, clinic_id, is_open=True)]
    viewer = session.viewer
    clinics = (await affiliations(session, doctor_id)).values()
    hers = viewer.sight.everything or viewer.doctor_id == doctor_id
    mine = [clinic for clinic in clinics if hers or clinic["id"] in viewer.clinic_ids]
    if not hers and not mine:
        raise Forbidden("this schedule is neither yours nor of a clinic that you work for")
    if not (active := [clinic for clinic in mine if clinic["is_active"]]):
        raise Invalid({"doctorId": "the doctor works at no clinic that is open"})
    return active


async def _rota(session: Session, doctor_id: int, clinics: list[Record], first: date, last: date) -> Rota:
    first = max(first, session.now.date() - ONE_DAY)  # in the westernmost zone it is still yesterday
    ids = [clinic["id"] for clinic in clinics]
    templates = await session.run(TEMPLATES, doctor_id, ids)
    exceptions = await session.run(EXCEPTIONS, doctor_id, ids, first, last)
    closures: dict[int, set[date]] = {clinic_id: set() for clinic_id in ids}
    for row in await session.run(CLOSURES, ids, first, last):
        closures[row["clinic_id"]].add(row["day"])
    return Rota(
        [Template.of(row) for row in templates],
        [DatedException.of(row) for row in exceptions],
        {c["id"]: ClinicDays(ZoneInfo(c["time_zone"]), frozenset(closures[c["id"]])) for c in clinics},
        first,
        last,
    )
