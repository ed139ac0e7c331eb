"""What a doctor's calendar is planned from: weekly templates, dated exceptions, and how her clinics count days."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from domain.scheduling.local_days import Window, seconds
from domain.scheduling.rows import Row
from models.enums import AvailabilityExceptionKind as Kind


@dataclass(frozen=True, slots=True)
class Template:
    """A weekly rule: ISO weekday (1 is Monday), clock times, minutes; `valid_until` is its last day."""

    id: int
    clinic_id: int
    weekday: int
    starts_at: time
    ends_at: time
    slot_minutes: int
    valid_from: date
    valid_until: date | None = None
    buffer_minutes: int = 0
    capacity: int = 1

    @classmethod
    def of(cls, row: Row) -> Self:
        """A row of `availability_templates`."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})

    def is_valid(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class DatedException:
    """Leave or a holiday (the whole day without times; of all clinics without one), or extra hours (with all three)."""

    id: int
    kind: Kind
    day: date
    clinic_id: int | None = None
    starts_at: time | None = None
    ends_at: time | None = None
    slot_minutes: int | None = None

    @classmethod
    def of(cls, row: Row) -> Self:
        """A row of `availability_exceptions`."""
        return cls(**{field.name: row[field.name] for field in fields(cls)} | {"kind": Kind(row["kind"])})

    def counts_at(self, clinic_id: int) -> bool:
        return self.clinic_id is None or self.clinic_id == clinic_id


@dataclass(frozen=True, slots=True)
class ClinicDays:
    """How a clinic counts its days, and on which of them it is closed."""

    time_zone: ZoneInfo
    closures: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Working hours of a template or of extra hours (which have no template), in seconds of the clock.

    `starts` are the clock times of the slots. At the same instant the lower rank goes first.
    """

    rank: int
    clinic_id: int
    opens: int
    closes: int
    length: int
    blocks: int
    capacity: int
    template_id: int | None
    starts: range
    lasts: timedelta
    blocks_for: timedelta

    def fit(self, start: int, work: Iterable[Window]) -> bool:
        """Whether a slot from `start` on is all in working hours."""
        return any(window.begin <= start and start + self.length <= window.end for window in work)


def weekly_hours(rank: int, given: Template) -> Hours:
    minutes = (given.slot_minutes, given.buffer_minutes)
    return _hours(rank, given.clinic_id, (given.starts_at, given.ends_at), minutes, given.capacity, given.id)


def extra_hours(rank: int, given: DatedException) -> Hours:
    assert given.clinic_id is not None
    assert given.starts_at is not None
    assert given.ends_at is not None
    assert given.slot_minutes is not None
    return _hours(rank, given.clinic_id, (given.starts_at, given.ends_at), (given.slot_minutes, 0), 1, None)


def _hours(
    rank: int,
    clinic_id: int,
    clock: tuple[time, time],
    minutes: tuple[int, int],
    capacity: int,
    template_id: int | None,
) -> Hours:
    opens, closes = seconds(clock[0]), seconds(clock[1])
    length, blocks = 60 * minutes[0], 60 * sum(minutes)
    return Hours(
        rank=rank,
        clinic_id=clinic_id,
        opens=opens,
        closes=closes,
        length=length,
        blocks=blocks,
        capacity=capacity,
        template_id=template_id,
        starts=range(opens, closes - length + 1, blocks),
        lasts=timedelta(seconds=length),
        blocks_for=timedelta(seconds=blocks),
    )
