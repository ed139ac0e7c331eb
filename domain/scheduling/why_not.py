"""Why a time cannot be booked: every rule that keeps it from being, in the order in which they are looked at."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.scheduling.availability import ClinicDays, DatedException, Template
from domain.scheduling.calendar import LeftOutBecause, Plan, plan
from domain.scheduling.lengths import in_words
from domain.scheduling.local_days import DAY, local_day, seconds, windows
from domain.scheduling.policy import Policy, may_book
from domain.scheduling.rows import Row
from domain.scheduling.unplanned import Unplanned, why_unplanned
from models.enums import AvailabilityExceptionKind as Kind


class WhyNotRule(StrEnum):
    NOT_AFFILIATED = "NOT_AFFILIATED"
    DOCTOR_NOT_APPROVED = "DOCTOR_NOT_APPROVED"
    LICENCE_EXPIRED = "LICENCE_EXPIRED"
    CLINIC_INACTIVE = "CLINIC_INACTIVE"
    CLINIC_CLOSED = "CLINIC_CLOSED"
    LEAVE = "LEAVE"
    HOLIDAY = "HOLIDAY"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    OFF_BEAT = "OFF_BEAT"
    CLOCK_CHANGE = "CLOCK_CHANGE"
    OVERLAPS_PLANNED = "OVERLAPS_PLANNED"
    NOT_GENERATED = "NOT_GENERATED"
    SLOT_INACTIVE = "SLOT_INACTIVE"
    OVERLAPS_SLOT = "OVERLAPS_SLOT"
    SLOT_IN_PAST = "SLOT_IN_PAST"
    TOO_LATE_TO_BOOK = "TOO_LATE_TO_BOOK"
    TAKEN = "TAKEN"
    HELD = "HELD"
    AWAITS_PAYMENT = "AWAITS_PAYMENT"
    DAILY_LIMIT_REACHED = "DAILY_LIMIT_REACHED"


class Reason(NamedTuple):
    """A rule, in words; the slot that it is about; and when it is over by itself."""

    rule: WhyNotRule
    message: str
    slot_id: int | None = None
    until: datetime | None = None


class SlotThere(NamedTuple):
    """One of the doctor's slots; `booked`, `held` and `unpaid` (part of `booked`) count nothing that has expired."""

    id: int
    clinic_id: int
    starts_at: datetime
    blocked_until: datetime
    is_active: bool
    capacity: int
    booked: int
    held: int
    unpaid: int
    held_until: datetime | None
    unpaid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a doctor, a clinic and a time; `booked_that_day` are visits that count for the daily limit."""

    clinic_id: int
    start: datetime
    now: datetime
    is_affiliated: bool
    is_approved: bool
    licence_expires_on: date | None
    is_clinic_active: bool
    time_zone: ZoneInfo
    is_closed: bool
    notice_to_book: timedelta
    daily_limit: int | None
    booked_that_day: int

    @property
    def day(self) -> date:
        """The clinic's day."""
        return self.start.astimezone(self.time_zone).date()


_PLAINLY: Mapping[LeftOutBecause | Unplanned | None, tuple[WhyNotRule, str]] = {
    None: (WhyNotRule.NOT_GENERATED, "her hours give a slot then, but it was not made: generate them"),
    LeftOutBecause.CLOCK_CHANGE: (WhyNotRule.CLOCK_CHANGE, "the clock changes, and the slot would end after work"),
    LeftOutBecause.OVERLAP: (WhyNotRule.OVERLAPS_PLANNED, "another of the slots that her hours give has this time"),
    Unplanned.OFF_BEAT: (WhyNotRule.OFF_BEAT, "it is within her hours, but slots begin at other times"),
    Unplanned.NO_HOURS: (WhyNotRule.OUTSIDE_HOURS, "no hours of hers are then"),
}
_AWAY = {
    Kind.LEAVE: Reason(WhyNotRule.LEAVE, "the doctor is on leave"),
    Kind.HOLIDAY: Reason(WhyNotRule.HOLIDAY, "it is a holiday of the doctor's"),
}


def why_not(
    asked: Asked, slots: Sequence[SlotThere], templates: Iterable[Template], exceptions: Sequence[DatedException]
) -> list[Reason]:
    """What keeps the doctor from being booked at the clinic at this time; nothing: a patient can book it now.

    `slots` are those of hers that may have to do with it, by start; `templates` hers at the clinic, `exceptions` hers
    around the day. What was made and is active is bookable whatever the plan says, so hours count only without a slot.
    """
    if not asked.is_affiliated:
        return [Reason(WhyNotRule.NOT_AFFILIATED, "the doctor does not work at this clinic")]
    here = [slot for slot in slots if (slot.clinic_id, slot.starts_at) == (asked.clinic_id, asked.start)]
    slot = next((each for each in here if each.is_active), here[0] if here else None)
    reasons = [*_about_people(asked)]
    if slot is None:
        reasons += _about_hours(asked, templates, exceptions)
    elif not slot.is_active:
        reasons.append(Reason(WhyNotRule.SLOT_INACTIVE, "this slot was deactivated", slot.id))
    if slot is None or not slot.is_active:
        reasons += _about_others(asked, slots, slot)
    reasons += _about_time(asked, slot)
    if slot is not None:
        reasons += _about_seats(slot)
    if asked.daily_limit is not None and asked.booked_that_day >= asked.daily_limit:
        message = f"the doctor has {asked.booked_that_day} of at most {asked.daily_limit} visits on this day"
        reasons.append(Reason(WhyNotRule.DAILY_LIMIT_REACHED, message))
    return reasons


def _about_people(asked: Asked) -> Iterator[Reason]:
    if not asked.is_approved:
        yield Reason(WhyNotRule.DOCTOR_NOT_APPROVED, "the doctor is not approved")
    if asked.licence_expires_on is not None and asked.day >= asked.licence_expires_on:
        yield Reason(WhyNotRule.LICENCE_EXPIRED, f"the doctor's licence expires on {asked.licence_expires_on}")
    if not asked.is_clinic_active:
        yield Reason(WhyNotRule.CLINIC_INACTIVE, "the clinic no longer takes patients")


def _about_hours(asked: Asked, templates: Iterable[Template], exceptions: Sequence[DatedException]) -> Iterator[Reason]:
    closures = frozenset({asked.day} if asked.is_closed else ())
    days = {asked.clinic_id: ClinicDays(asked.time_zone, closures)}
    here = [each for each in exceptions if each.counts_at(asked.clinic_id)]
    if asked.is_closed:
        yield Reason(WhyNotRule.CLINIC_CLOSED, "it is a closing day of the clinic")
    away = _away(asked, here)
    found = why_unplanned(_plan(asked, templates, here, days), asked.clinic_id, asked.start)
    if found in (LeftOutBecause.LEAVE, LeftOutBecause.HOLIDAY) and away is None:
        away = Kind(found)
    if away is not None:
        yield _AWAY[away]
    if found in _PLAINLY:
        yield Reason(*_PLAINLY[found])


def _plan(
    asked: Asked, templates: Iterable[Template], exceptions: Iterable[DatedException], days: Mapping[int, ClinicDays]
) -> Plan:
    return plan(templates, exceptions, days, first=asked.day, last=asked.day)


def _away(asked: Asked, exceptions: Iterable[DatedException]) -> Kind | None:
    """Leave or holiday at the very start; what begins later, and takes the slot too, the plan knows."""
    stretches, start = local_day(asked.time_zone, asked.day), asked.start.timestamp()
    for each in exceptions:
        if each.day == asked.day and each.kind is not Kind.EXTRA_HOURS:
            begin = 0 if each.starts_at is None else seconds(each.starts_at)
            end = DAY if each.ends_at is None else seconds(each.ends_at)
            if any(window.begin <= start < window.end for window in windows(stretches, begin, end)):
                return each.kind
    return None


def _about_others(asked: Asked, slots: Iterable[SlotThere], slot: SlotThere | None) -> Iterator[Reason]:
    until = asked.start + timedelta(microseconds=1) if slot is None else slot.blocked_until
    for other in slots:
        blocks = other.is_active or other.booked > 0
        if blocks and other is not slot and other.starts_at < until and asked.start < other.blocked_until:
            yield Reason(WhyNotRule.OVERLAPS_SLOT, "another slot of the doctor's has this time", other.id)
            return


def _about_time(asked: Asked, slot: SlotThere | None) -> Iterator[Reason]:
    slot_id = None if slot is None else slot.id
    if asked.start <= asked.now:
        yield Reason(WhyNotRule.SLOT_IN_PAST, "this time is over", slot_id)
    elif may_book(Policy(notice_to_book=asked.notice_to_book), start=asked.start, now=asked.now) is not None:
        message = f"the clinic asks patients for {in_words(asked.notice_to_book)} of notice to book"
        yield Reason(WhyNotRule.TOO_LATE_TO_BOOK, message, slot_id)


def _about_seats(slot: SlotThere) -> Iterator[Reason]:
    """What is left by nobody is taken; what is held or unpaid may come back."""
    if slot.booked + slot.held < slot.capacity:
        return
    if slot.booked - slot.unpaid >= slot.capacity:
        yield Reason(WhyNotRule.TAKEN, "all seats are booked", slot.id)
        return
    if slot.held:
        yield Reason(WhyNotRule.HELD, "the last seats are held", slot.id, slot.held_until)
    if slot.unpaid:
        yield Reason(WhyNotRule.AWAITS_PAYMENT, "the last seats wait to be paid for", slot.id, slot.unpaid_until)


def asked_of(row: Row, clinic_id: int, start: datetime, now: datetime) -> Asked:
    """A row of `loaders.scheduling.why_not`."""
    return Asked(
        clinic_id=clinic_id,
        start=start,
        now=now,
        is_affiliated=row["is_affiliated"],
        is_approved=row["status"] == "APPROVED",
        licence_expires_on=row["licence_expires_on"],
        is_clinic_active=row["is_active"],
        time_zone=ZoneInfo(row["time_zone"]),
        is_closed=row["is_closed"],
        notice_to_book=row["notice_to_book"] or timedelta(),
        daily_limit=row["daily_patient_limit"],
        booked_that_day=(row["booked"] or 0) - row["lapsed"],
    )
