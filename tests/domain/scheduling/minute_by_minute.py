"""The calendar, planned the naive way: every minute of UTC is looked at, and the clinic's clock read in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.scheduling.availability import ClinicDays, DatedException, Template
from domain.scheduling.calendar import PlannedSlot
from models.enums import AvailabilityExceptionKind as Kind

MINUTE = timedelta(minutes=1)
MARGIN = timedelta(hours=15)


@lru_cache(maxsize=64)
def walk(zone: ZoneInfo, first: date, last: date) -> list[tuple[date, int]]:
    """What the clock shows, day and minute, in each minute of UTC from well before `first` to well after `last`."""
    shown = []
    moment = beginning(first)
    until = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1) + MARGIN
    while moment < until:
        local = moment.astimezone(zone)
        shown.append((local.date(), local.hour * 60 + local.minute))
        moment += MINUTE
    return shown


def beginning(first: date) -> datetime:
    return datetime(first.year, first.month, first.day, tzinfo=UTC) - MARGIN


@dataclass(eq=False)
class Rule:
    clinic_id: int
    opens: int
    closes: int
    length: int
    buffer: int
    capacity: int
    template: Template | None
    day: date | None

    def works(self, day: date, minute: int) -> bool:
        if not self.opens <= minute < self.closes:
            return False
        if self.template is None:
            return day == self.day
        until = self.template.valid_until or date.max
        return day.isoweekday() == self.template.weekday and self.template.valid_from <= day <= until

    def begins(self, minute: int) -> bool:
        return (minute - self.opens) % (self.length + self.buffer) == 0 and minute + self.length <= self.closes


def minute_of(clock: object, default: int) -> int:
    return default if clock is None else clock.hour * 60 + clock.minute  # type: ignore[attr-defined]


def rules(templates: Iterable[Template], exceptions: Iterable[DatedException]) -> Iterator[Rule]:
    for e in sorted(exceptions, key=lambda e: e.id):
        if e.kind is Kind.EXTRA_HOURS:
            assert e.clinic_id
            assert e.slot_minutes
            opens, closes = minute_of(e.starts_at, 0), minute_of(e.ends_at, 0)
            yield Rule(e.clinic_id, opens, closes, e.slot_minutes, 0, 1, None, e.day)
    for t in sorted(templates, key=lambda t: t.id):
        opens, closes = minute_of(t.starts_at, 0), minute_of(t.ends_at, 0)
        yield Rule(t.clinic_id, opens, closes, t.slot_minutes, t.buffer_minutes, t.capacity, t, None)


def is_off(day: date, minute: int, clinic_id: int, clinic: ClinicDays, exceptions: Iterable[DatedException]) -> bool:
    return day in clinic.closures or any(
        e.kind is not Kind.EXTRA_HOURS
        and e.day == day
        and e.clinic_id in (None, clinic_id)
        and minute_of(e.starts_at, 0) <= minute < minute_of(e.ends_at, 24 * 60)
        for e in exceptions
    )


def naive_plan(
    templates: list[Template],
    exceptions: list[DatedException],
    clinics: dict[int, ClinicDays],
    *,
    first: date,
    last: date,
    taken: Iterable[tuple[datetime, datetime]] = (),
) -> list[PlannedSlot]:
    start = beginning(first)
    clocks = {key: walk(clinic.time_zone, first, last) for key, clinic in clinics.items()}
    days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    in_order = [rule for rule in rules(templates, exceptions) if any(rule.works(day, rule.opens) for day in days)]
    busy = {
        minute for begin, end in taken for minute in range(int((begin - start) / MINUTE), int((end - start) / MINUTE))
    }
    seen: set[tuple[Rule, date, int]] = set()
    planned = []
    for now in range(min(len(clock) for clock in clocks.values())):
        for rule in in_order:
            clock = clocks[rule.clinic_id]
            day, minute = clock[now]
            if not first <= day <= last or not rule.works(day, minute) or not rule.begins(minute):
                continue
            if (rule, day, minute) in seen:
                continue
            seen.add((rule, day, minute))
            during = clock[now : now + rule.length]
            if not all(rule.works(*shown) and shown[0] == day for shown in during):
                continue
            clinic = clinics[rule.clinic_id]
            if any(is_off(*shown, rule.clinic_id, clinic, exceptions) for shown in during):
                continue
            blocked = range(now, now + rule.length + rule.buffer)
            if busy.isdisjoint(blocked):
                busy.update(blocked)
                begins = start + now * MINUTE
                ends = begins + rule.length * MINUTE
                template_id = rule.template.id if rule.template else None
                blocked_until = ends + rule.buffer * MINUTE
                planned.append(
                    PlannedSlot(rule.clinic_id, begins, ends, blocked_until, day, rule.capacity, template_id)
                )
    return planned
