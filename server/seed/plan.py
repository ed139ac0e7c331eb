"""All that a seed will write, decided before the first row is written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from server.seed import (
    bookings,
    calendar,
    clinics,
    doctors,
    ledger,
    money,
    patients,
    people,
    sandbox,
    templates,
    waiting,
)
from server.seed.batch import Batch
from server.seed.history import History
from server.seed.load import Report
from server.seed.moments import DAY, MINUTE
from server.seed.sizes import Sizes


@dataclass(frozen=True)
class Plan:
    present: int
    admins: Sequence[people.Person]
    clinics: list[clinics.Clinic]
    staff: list[people.StaffMember]
    doctors: list[doctors.Doctor]
    patients: list[patients.Patient]
    weekly: dict[int, list[templates.Template]]
    exceptions: list[templates.DatedChange]
    calendar: calendar.Calendar
    history: History
    payments: money.Payments
    waiting: waiting.Waiting

    def people(self) -> Iterator[people.Person]:
        profiles: Iterable[doctors.Doctor | people.StaffMember | patients.Patient]
        profiles = chain(self.doctors, self.staff, self.patients)
        return chain(self.admins, (profile.person for profile in profiles))

    def batches(self) -> Iterator[Batch]:
        """In the order in which tables refer to each other."""
        head_count = sum(map(len, (self.admins, self.doctors, self.staff, self.patients)))
        yield people.users(self.people(), head_count, self.present)
        yield people.roles(self.people(), head_count, self.admins[0].user_id)
        yield from clinics.batches(self.clinics)
        yield clinics.policies(self.clinics, self.admins[0].user_id)
        yield people.employments(self.staff)
        yield from doctors.batches(self.doctors, self.present)
        yield patients.batch(self.patients)
        yield from templates.batches(self.weekly, self.exceptions, self.present)
        yield calendar.batch(self.calendar, self.present)
        yield self.history.appointments()
        yield self.history.timeline()
        yield from self.waiting.batches()
        yield money.payments(self.payments, self.history)
        yield money.events(self.payments, self.history)
        yield sandbox.sandbox_payments(self.payments, self.history)
        yield ledger.transactions(self.payments)
        yield ledger.entries(self.payments, self.history)


def draw(sizes: Sizes, seed: int, present: int, report: Report) -> Plan:
    """Draws everything. Raises SeedError for sizes that contradict each other."""
    sizes.check()
    places = clinics.make(sizes.clinics, seed, present)
    admins = people.administrators(seed, places[0].city, present)
    providers = doctors.make(sizes.doctors, seed, places, len(admins) + 1, present)
    first_staff = len(admins) + len(providers) + 1
    staff = people.staff(seed, places, first_staff, present)
    those = patients.make(sizes.patients, seed, providers, first_staff + len(staff), present)
    report("plan", 1, 5)
    weekly, exceptions = templates.make(providers, seed, present)
    slots = calendar.make(sizes.slots, providers, weekly, present)
    report("plan", 2, 5)
    made = bookings.make(sizes.appointments, slots, providers, places, those, sizes.payments, seed, present)
    register_in_time(those, made)
    for provider in providers:
        work_in_time(provider, slots, present)
    report("plan", 3, 5)
    history = History(made, slots, places, providers, those, staff, present)
    report("plan", 4, 5)
    paid = money.make(sizes.payments, history, seed)
    queue = waiting.make(slots, providers, those, seed, present)
    report("plan", 5, 5)
    return Plan(present, admins, places, staff, providers, those, weekly, exceptions, slots, history, paid, queue)


def register_in_time(those: Sequence[patients.Patient], made: bookings.Bookings) -> None:
    """Nobody books before she has registered: the column is in the order of booking, so the first one counts."""
    seen: set[int] = set()
    for patient_id, booked in zip(made.patient, made.booked, strict=True):
        if patient_id not in seen:
            seen.add(patient_id)
            person = those[patient_id - 1].person
            person.created = min(person.created, booked - 10 * MINUTE)


def work_in_time(doctor: doctors.Doctor, slots: calendar.Calendar, present: int) -> None:
    """No doctor has slots from before she came."""
    mine = slots.of_doctor.get(doctor.id)
    if mine:
        doctor.person.created = min(doctor.person.created, slots.made(mine[0], present) - 30 * DAY)
