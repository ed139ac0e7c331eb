"""Weekly working time: a doctor's half days as availability templates, and the dated exceptions to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from itertools import count
from random import Random

from models.enums import AvailabilityExceptionKind, DoctorStatus
from server.seed.batch import Batch
from server.seed.clinics import Clinic
from server.seed.doctors import Doctor
from server.seed.draws import stream
from server.seed.moments import DAY, ordinal_of, weekday_of


@dataclass(slots=True)
class Template:
    """A weekly rule; `starts` and `ends` are minutes since local midnight, `day` makes it one of extra hours."""

    id: int
    doctor: Doctor
    clinic: Clinic
    weekday: int
    starts: int
    ends: int
    minutes: int
    buffer: int
    capacity: int
    day: int | None = None
    valid_until: int | None = None

    def starts_of_slots(self) -> range:
        return range(self.starts, self.ends - self.minutes + 1, self.minutes + self.buffer)


@dataclass(slots=True)
class DatedChange:
    """Leave, or extra `hours`: from, to and minutes per slot. Without a clinic it is for all of them."""

    doctor: Doctor
    clinic: Clinic | None
    kind: AvailabilityExceptionKind
    day: int
    hours: tuple[int, int, int] | None
    reason: str


def make(doctors: list[Doctor], seed: int, present: int) -> tuple[dict[int, list[Template]], list[DatedChange]]:
    """Templates by doctor id, extra hours among them, and the exceptions as they are told to the server."""
    random = stream(seed, "templates")
    today = ordinal_of(present)
    ids = count(1)
    templates: dict[int, list[Template]] = {}
    exceptions: list[DatedChange] = []
    for doctor in doctors:
        if doctor.works:
            sessions = half_days(random, doctor, today)
            templates[doctor.id] = weekly = [session(random, ids, doctor, *chosen) for chosen in sessions]
            if doctor.status is DoctorStatus.INACTIVE:
                for template in weekly:
                    template.valid_until = today - 1
            elif doctor.id > 1:
                exceptions.extend(away(random, doctor, today))
                extra = extra_hours(random, doctor, weekly, today)
                if extra is not None:
                    hours = (extra.starts, extra.ends, extra.minutes)
                    kind = AvailabilityExceptionKind.EXTRA_HOURS
                    exceptions.append(
                        DatedChange(doctor, extra.clinic, kind, extra.day or 0, hours, "Long waiting list")
                    )
                    weekly.append(extra)
    return templates, exceptions


def half_days(random: Random, doctor: Doctor, today: int) -> list[tuple[Clinic, int, bool]]:
    """(clinic, weekday, afternoon): a whole weekday belongs to one clinic, so that places never overlap."""
    possible: list[tuple[Clinic, int, bool]] = []
    for weekday in range(1, 8):
        clinic = doctor.clinics[-1] if random.random() < 0.35 else doctor.clinics[0]
        if doctor.id == 1 and weekday in (weekday_of(today), weekday_of(today + 1)):
            clinic = doctor.clinics[0]
        elif not clinic.works_on(weekday):
            continue
        possible += [(clinic, weekday, False), (clinic, weekday, True)]
    chosen = random.sample(possible, min(doctor.half_days, len(possible)))
    return sorted(chosen, key=lambda each: each[1:])


def session(
    random: Random, ids: Iterator[int], doctor: Doctor, clinic: Clinic, weekday: int, afternoon: bool
) -> Template:
    late = random.choice((0, 0, 30))
    starts, ends = (clinic.lunch[1], clinic.closes - late) if afternoon else (clinic.opens + late, clinic.lunch[0])
    is_group = random.random() < (0.35 if doctor.has_groups else 0.02) and doctor.id > 1
    capacity = random.choice((2, 3, 3, 4)) if is_group else 1
    return Template(next(ids), doctor, clinic, weekday, starts, ends, doctor.minutes, doctor.buffer, capacity)


def away(random: Random, doctor: Doctor, today: int) -> Iterator[DatedChange]:
    """Leave of some days for one doctor in four, behind or ahead; those days have no slots."""
    if random.random() >= 0.25:
        return
    first = today + random.choice((-1, 1)) * random.randint(8, 45)
    for day in range(first, first + random.randint(1, 7)):
        doctor.days_off[day] = "Annual leave"
        yield DatedChange(doctor, None, AvailabilityExceptionKind.LEAVE, day, None, "Annual leave")


def extra_hours(random: Random, doctor: Doctor, weekly: list[Template], today: int) -> Template | None:
    """A morning on a day in the coming weeks that is free otherwise, for one doctor in twelve."""
    day = today + random.randint(3, 18)
    busy = any(template.weekday == weekday_of(day) for template in weekly)
    if random.random() >= 1 / 12 or busy or day in doctor.days_off or day in doctor.clinics[0].closed:
        return None
    return Template(0, doctor, doctor.clinics[0], 0, 9 * 60, 12 * 60, doctor.minutes, 0, 1, day=day)


def clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def batches(templates: dict[int, list[Template]], exceptions: list[DatedChange], present: int) -> Iterator[Batch]:
    weekly = [t for each in templates.values() for t in each if t.day is None]
    yield Batch(
        "availability_templates",
        "id doctor_id clinic_id weekday starts_at ends_at slot_minutes buffer_minutes capacity valid_from valid_until "
        "version created_at updated_at",
        (
            (t.id, t.doctor.id, t.clinic.id, t.weekday, clock(t.starts), clock(t.ends), t.minutes, t.buffer,
             t.capacity, t.doctor.first_day, t.valid_until, 1, t.doctor.person.created, t.doctor.person.created)
            for t in weekly
        ),
        len(weekly),
    )  # fmt: skip
    told = present - 10 * DAY
    yield Batch(
        "availability_exceptions",
        "id doctor_id clinic_id kind day starts_at ends_at slot_minutes reason created_at updated_at",
        (
            (n, e.doctor.id, e.clinic.id if e.clinic else None, e.kind, e.day, clock(e.hours[0]) if e.hours else None,
             clock(e.hours[1]) if e.hours else None, e.hours[2] if e.hours else None, e.reason, told, told)
            for n, e in enumerate(exceptions, 1)
        ),
        len(exceptions),
    )  # fmt: skip
