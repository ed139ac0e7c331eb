"""Appointments: whose, since when, and how far each has come at the seed's present."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from models.enums import AppointmentStatus as Status
from models.enums import ConfirmationRule
from server.seed.calendar import Calendar
from server.seed.clinics import PAYMENT_WINDOW, Clinic
from server.seed.demand import give, wanted_seats
from server.seed.doctors import Doctor
from server.seed.draws import stream
from server.seed.moments import DAY, HOUR, MINUTE
from server.seed.panels import Panels
from server.seed.patients import Patient
from server.seed.sizes import SeedError

FREED_SHARE = 0.13
REBOOKED_SHARE = 0.55  # of the freed seats, by somebody else
LEAST_LEAD = 2 * HOUR
LONGEST_LEAD = 110 * DAY
STATUSES = tuple(Status)
CODE = {status: code for code, status in enumerate(STATUSES)}


def _ints() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Bookings:
    """Appointments as columns, in the order in which they were booked; appointment n has the id n + 1.

    `status` is an index into STATUSES, `cancelled` and `pay_by` are instants or 0, `moved_from` a slot or -1.
    """

    slot: "array[int]" = field(default_factory=_ints)
    patient: "array[int]" = field(default_factory=_ints)
    status: "array[int]" = field(default_factory=_ints)
    booked: "array[int]" = field(default_factory=_ints)
    cancelled: "array[int]" = field(default_factory=_ints)
    pay_by: "array[int]" = field(default_factory=_ints)
    moved_from: "array[int]" = field(default_factory=_ints)
    is_first: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.slot)

    def add(self, slot: int, patient: int, status: Status, booked: int, *, cancelled: int = 0, pay_by: int = 0) -> None:
        self.slot.append(slot)
        self.patient.append(patient)
        self.status.append(CODE[status])
        self.booked.append(booked)
        self.cancelled.append(cancelled)
        self.pay_by.append(pay_by)
        self.moved_from.append(-1)

    def sort(self) -> None:
        """Into the order of booking."""
        order = sorted(range(len(self)), key=self.booked.__getitem__)
        for name in ("slot", "patient", "status", "booked", "cancelled", "pay_by", "moved_from"):
            column = getattr(self, name)
            setattr(self, name, array("q", (column[each] for each in order)))


def ask_first_where_affordable(
    clinics: list[Clinic], calendar: Calendar, kept: "array[int]", next_wanted: "array[int]", payments: int
) -> None:
    """A prepaid booking needs a payment: clinics for which there would not be enough confirm automatically instead."""
    most = [0] * (len(clinics) + 1)
    for slot in kept:
        most[calendar.clinic[slot]] += 2  # its own, and that of one who cancelled before
    for slot in next_wanted:
        most[calendar.clinic[slot]] += 1
    for clinic in sorted(clinics, key=lambda each: (most[each.id], each.id)):
        if clinic.rule is ConfirmationRule.PAYMENT:
            payments -= most[clinic.id]
            if payments < 0:
                clinic.rule = ConfirmationRule.AUTOMATIC


def make(
    count: int, calendar: Calendar, doctors: list[Doctor], clinics: list[Clinic], patients: Sequence[Patient],
    payments: int, seed: int, present: int,
) -> Bookings:  # fmt: skip
    """Exactly `count` appointments; fills the slots' counters. `payments` is how many of those there will be."""
    wanted = wanted_seats(calendar, doctors, seed, present)
    if count > len(wanted):
        raise SeedError(f"{count} appointments do not fit: the slots have {len(wanted)} seats that can be booked")
    freed = round(count * FREED_SHARE) if count > 1 else 0
    kept, next_wanted = give(calendar, doctors, wanted, count - freed)
    del wanted
    ask_first_where_affordable(clinics, calendar, kept, next_wanted[:freed], payments)
    panels = Panels(calendar, doctors, patients, kept, seed=seed, present=present)
    made = Bookings()
    booking = Booking(calendar, clinics, stream(seed, "bookings"), present)
    for slot in sorted(kept):
        booking.keep(made, slot, panels.someone(slot))
    free(made, booking, next_wanted, freed, panels)
    made.sort()
    mark_first_visits(made, calendar)
    move_some(made, calendar, stream(seed, "moves"), present)
    return made


def free(made: Bookings, booking: "Booking", next_wanted: "array[int]", count: int, panels: Panels) -> None:
    """Cancelled and declined bookings: on seats that were booked again afterwards, and on others."""
    again = max(round(count * REBOOKED_SHARE), count - len(next_wanted))
    for n in sorted(booking.random.sample(range(len(made)), again)):
        slot = made.slot[n]
        booking.release(made, slot, panels.anyone(slot), before=made.booked[n])
    for slot in sorted(next_wanted[: count - again]):
        booking.release(made, slot, panels.anyone(slot), before=0)


@dataclass(slots=True)
class Booking:
    """Decides when a seat was booked and what became of it."""

    calendar: Calendar
    clinics: list[Clinic]
    random: Random
    present: int

    def keep(self, made: Bookings, slot: int, patient: int) -> None:
        status, pay_by = self.status(slot), 0
        booked = self.booked(slot)
        if status is Status.PENDING:
            hours = self.random.uniform(0.2, 20)
            if self.clinics[self.calendar.clinic[slot] - 1].rule is ConfirmationRule.PAYMENT:
                hours += 50 if self.random.random() < 0.1 else 0  # past its deadline: the seat counts as free again
                pay_by = self.present - int(hours * HOUR) + PAYMENT_WINDOW
            booked = self.present - int(hours * HOUR)
        made.add(slot, patient, status, booked, pay_by=pay_by)
        self.calendar.booked[slot] += 1
        self.calendar.unpaid[slot] += pay_by > 0

    def status(self, slot: int) -> Status:
        start, draw = self.calendar.start[slot], self.random.random()
        if self.calendar.doctor[slot] == 1 and abs(start - self.present) < HOUR:
            draw = 0.1  # at the demo doctor's, somebody is always in and somebody waits
        if self.calendar.end(slot) <= self.present:
            return Status.NO_SHOW if draw < 0.07 else Status.COMPLETED
        if start <= self.present:
            return Status.IN_PROGRESS if draw < 0.8 else Status.CHECKED_IN
        if start <= self.present + 45 * MINUTE:
            return Status.CHECKED_IN if draw < 0.6 else Status.CONFIRMED
        rule = self.clinics[self.calendar.clinic[slot] - 1].rule
        pending = {ConfirmationRule.AUTOMATIC: 0.0, ConfirmationRule.STAFF: 0.15, ConfirmationRule.PAYMENT: 0.04}[rule]
        return Status.PENDING if draw < pending and start > self.present + DAY else Status.CONFIRMED

    def booked(self, slot: int) -> int:
        """An instant at which a seat was booked: mostly days before, seldom months."""
        earliest = self.calendar.made(slot, self.present) + HOUR
        latest = min(self.calendar.start[slot] - LEAST_LEAD, self.present - 5 * MINUTE)
        lead = int(self.random.expovariate(1 / (9 * DAY)))
        if lead > min(latest - earliest, LONGEST_LEAD):
            return self.random.randint(earliest, latest)
        return latest - lead

    def release(self, made: Bookings, slot: int, patient: int, *, before: int) -> None:
        """A booking that was cancelled or declined, where asked before somebody else booked the seat."""
        latest = min(before or self.calendar.start[slot] - 10 * MINUTE, self.present - MINUTE)
        booked = min(self.booked(slot), latest - MINUTE)
        if before:
            earliest = self.calendar.made(slot, self.present)
            booked = max(earliest, latest - HOUR - int(self.random.expovariate(1 / (5 * DAY))))
        rule = self.clinics[self.calendar.clinic[slot] - 1].rule
        declined = rule is ConfirmationRule.STAFF and self.random.random() < 0.35
        # Half change their mind soon, half shortly before.
        wait = self.random.random() ** 3 * (latest - booked)
        cancelled = booked + int(wait) if declined or self.random.random() < 0.5 else latest - int(wait)
        status = Status.DECLINED if declined else Status.CANCELLED
        made.add(slot, patient, status, booked, cancelled=min(max(cancelled, booked + 1), latest))


def mark_first_visits(made: Bookings, calendar: Calendar) -> None:
    """A first visit is the first booking of a patient with a doctor, whatever became of it."""
    seen: set[int] = set()
    for n in range(len(made)):
        pair = made.patient[n] << 24 | calendar.doctor[made.slot[n]]
        made.is_first.append(pair not in seen)
        seen.add(pair)


def move_some(made: Bookings, calendar: Calendar, random: Random, present: int) -> None:
    """One in twenty was rescheduled once, from another slot of the same doctor."""
    confirmed = (CODE[Status.CONFIRMED], CODE[Status.COMPLETED])
    for n in range(len(made)):
        if made.status[n] in confirmed and random.random() < 0.05:
            slots = calendar.of_doctor[calendar.doctor[made.slot[n]]]
            other = random.choice(slots)
            soonest = min(calendar.start[other], calendar.start[made.slot[n]], present)
            if soonest > made.booked[n] + DAY and other != made.slot[n]:
                made.moved_from[n] = other
