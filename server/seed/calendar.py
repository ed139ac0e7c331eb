"""The slots: as many as asked, made from the templates by walking back from yesterday and ahead from today."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from server.seed.batch import Batch
from server.seed.doctors import Doctor
from server.seed.draws import apportion, jitter
from server.seed.moments import DAY, MINUTE, local_start, ordinal_of, weekday_of
from server.seed.sizes import SeedError
from server.seed.templates import Template

PAST_SHARE = 0.6
MOST_WEEKS_AHEAD = 26
MOST_WEEKS_BACK = 20 * 52


def _ints() -> "array[int]":
    return array("q")


def _small() -> "array[int]":
    return array("i")


@dataclass(slots=True)
class Calendar:
    """The slots as columns, grouped by doctor and ordered by time within; slot n has the id n + 1.

    `booked`, `unpaid` and `held` are the counters, filled while seats are given away. `of_doctor` has each doctor's
    slots as a range. A template of 0 is none (extra hours).
    """

    doctor: "array[int]" = field(default_factory=_small)
    clinic: "array[int]" = field(default_factory=_small)
    start: "array[int]" = field(default_factory=_ints)
    minutes: "array[int]" = field(default_factory=_small)
    buffer: "array[int]" = field(default_factory=_small)
    capacity: "array[int]" = field(default_factory=_small)
    day: "array[int]" = field(default_factory=_small)
    template: "array[int]" = field(default_factory=_small)
    booked: "array[int]" = field(default_factory=_small)
    unpaid: "array[int]" = field(default_factory=_small)
    held: "array[int]" = field(default_factory=_small)
    of_doctor: dict[int, range] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.start)

    def end(self, slot: int) -> int:
        return self.start[slot] + self.minutes[slot] * MINUTE

    def is_active(self, slot: int) -> bool:
        """A few are taken out of the offer, as when a room is not to be had; only ones that nobody booked."""
        return bool(self.booked[slot] or self.held[slot]) or jitter(slot, 9, 250) > 0

    def made(self, slot: int, present: int) -> int:
        """When it was generated: four months ahead, at the latest a week ago."""
        return min(self.start[slot] - 120 * DAY, present - 7 * DAY)


def make(count: int, doctors: list[Doctor], templates: dict[int, list[Template]], present: int) -> Calendar:
    """Exactly `count` slots. Sets each doctor's first day; refuses what would take the doctors decades."""
    working = [doctor for doctor in doctors if doctor.works]
    today = ordinal_of(present)
    rates = [sum(len(t.starts_of_slots()) for t in templates[doctor.id] if t.day is None) for doctor in working]
    ahead_rates = [rate if doctor.is_approved else 0 for doctor, rate in zip(working, rates, strict=True)]
    ahead = min(round(count * (1 - PAST_SHARE)), MOST_WEEKS_AHEAD * sum(ahead_rates))
    depths = [rate * doctor.history for doctor, rate in zip(working, rates, strict=True)]
    if count - ahead > MOST_WEEKS_BACK * sum(depths):
        raise SeedError(f"{count} slots are more than {len(doctors)} doctors can work: ask for more doctors")
    calendar = Calendar()
    shares = zip(working, apportion(count - ahead, depths), apportion(ahead, ahead_rates), strict=True)
    for doctor, past, future in shares:
        first = len(calendar)
        days = Days(doctor, templates[doctor.id])
        doctor.first_day = days.back(today, past)
        days.add(calendar, doctor.first_day, today, skip=days.skipped)
        days.ahead(calendar, today, future)
        calendar.of_doctor[doctor.id] = range(first, len(calendar))
        limit_days(doctor, calendar)
    for counter in (calendar.booked, calendar.unpaid, calendar.held):
        counter.extend([0] * len(calendar))
    return calendar


@dataclass(slots=True)
class Days:
    """One doctor's working days."""

    doctor: Doctor
    templates: list[Template]
    skipped: int = 0

    def on(self, day: int) -> list[Template]:
        weekday = weekday_of(day)
        return [
            template
            for template in self.templates
            if (template.day == day or template.weekday == weekday)
            and day not in self.doctor.days_off
            and day not in template.clinic.closed
        ]

    def back(self, day: int, count: int) -> int:
        """The first day from which `count` slots lead up to `day`; `skipped` of that day are too many."""
        while count > 0:
            day -= 1
            count -= sum(len(template.starts_of_slots()) for template in self.on(day))
        self.skipped = -count
        return day

    def add(self, calendar: Calendar, first: int, until: int, *, skip: int) -> None:
        for day in range(first, until):
            skip -= self._add(calendar, day, skip, len(calendar) + 1_000_000)

    def ahead(self, calendar: Calendar, day: int, count: int) -> None:
        until = len(calendar) + count
        while len(calendar) < until:
            self._add(calendar, day, 0, until)
            day += 1

    def _add(self, calendar: Calendar, day: int, skip: int, until: int) -> int:
        """Adds the day's slots but the first `skip`, up to `until` in all; says how many it skipped."""
        skipped = 0
        for template in self.on(day):
            midnight = local_start(template.clinic.city.time_zone, day)
            for minute in template.starts_of_slots():
                if skipped < skip:
                    skipped += 1
                elif len(calendar) < until:
                    calendar.doctor.append(self.doctor.id)
                    calendar.clinic.append(template.clinic.id)
                    calendar.start.append(midnight + minute * MINUTE)
                    calendar.minutes.append(template.minutes)
                    calendar.buffer.append(template.buffer)
                    calendar.capacity.append(template.capacity)
                    calendar.day.append(day)
                    calendar.template.append(template.id)
        return skipped


def limit_days(doctor: Doctor, calendar: Calendar) -> None:
    """Three doctors in four have a daily limit, just at or below what their fullest day offers."""
    seats: dict[int, int] = {}
    for slot in calendar.of_doctor[doctor.id]:
        seats[calendar.day[slot]] = seats.get(calendar.day[slot], 0) + calendar.capacity[slot]
    if seats and doctor.id % 4:
        doctor.daily_limit = max(1, max(seats.values()) - (doctor.id % 4 - 1))


def batch(calendar: Calendar, present: int) -> Batch:
    """The slots, doctors mixed: the index that refuses overlaps takes a sixth less time than with doctors in order."""
    mixed = sorted(calendar.of_doctor, key=lambda doctor: jitter(doctor, 3, 1 << 30))

    def rows() -> Iterator[tuple[object, ...]]:
        c = calendar
        for n in chain.from_iterable(c.of_doctor[doctor] for doctor in mixed):
            start = c.start[n]
            end = start + c.minutes[n] * MINUTE
            made = c.made(n, present)
            yield (n + 1, c.doctor[n], c.clinic[n], start, end, end + c.buffer[n] * MINUTE, c.day[n], c.capacity[n],
                   c.booked[n], c.unpaid[n], c.held[n], c.is_active(n), c.template[n] or None,
                   not c.template[n], made, made)  # fmt: skip

    return Batch(
        "slots",
        "id doctor_id clinic_id starts_at ends_at blocked_until local_day capacity booked_count unpaid_count "
        "held_count is_active template_id is_extra created_at updated_at",
        rows(),
        len(calendar),
    )
