"""Who is about to book and who waits: holds on free seats, the waitlist, and freed seats on offer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncpg import Range

from models.enums import OfferStatus, WaitlistStatus
from server.seed.batch import Batch
from server.seed.calendar import Calendar
from server.seed.doctors import Doctor
from server.seed.draws import stream
from server.seed.moments import DAY, HOUR, MINUTE
from server.seed.patients import Patient

OPEN_END = DAY + HOUR  # live holds and offers outlast the day that the seed stands for
STATUSES = (WaitlistStatus.WAITING,) * 6 + (WaitlistStatus.BOOKED, WaitlistStatus.LEFT, WaitlistStatus.EXPIRED)


@dataclass(slots=True)
class Waiting:
    """Rows as they are written."""

    holds: list[tuple[object, ...]] = field(default_factory=list)
    entries: list[tuple[object, ...]] = field(default_factory=list)
    offers: list[tuple[object, ...]] = field(default_factory=list)

    def batches(self) -> Iterator[Batch]:
        columns = "id slot_id patient_id held_by_id expires_at renewals released_at created_at"
        yield Batch("holds", columns, self.holds, len(self.holds))
        yield Batch(
            "waitlist_entries",
            "id patient_id appointment_id doctor_ids clinic_ids specialty windows status created_at updated_at",
            self.entries,
            len(self.entries),
        )
        columns = "id entry_id slot_id hold_id status created_at updated_at"
        yield Batch("waitlist_offers", columns, self.offers, len(self.offers))


def make(
    calendar: Calendar, doctors: Sequence[Doctor], patients: Sequence[Patient], seed: int, present: int
) -> Waiting:
    """A few live holds, a few that ran out unreleased, a few released; one waiting patient in a hundred, some with an
    offer. Counts the seats they hold."""
    random = stream(seed, "waiting")
    made = Waiting()
    able = [patient for patient in patients if patient.may_book]
    free = iter(free_seats(calendar, doctors, present, 60 + len(calendar) // 2_000))
    wish = 3 + len(calendar) // 20_000
    for n, slot in zip(range(3 * wish), free, strict=False):
        _hold(made, calendar, slot, random.choice(able), present, ("live", "run out", "released")[n % 3])
    for n in range(max(3, len(patients) // 100)):
        patient = able[n * 37 % len(able)]
        doctor = doctors[0] if n % 4 == 0 else random.choice(doctors)
        status = STATUSES[n % len(STATUSES)]
        offered_slot = next(free, None) if n % 9 == 3 else None
        if offered_slot is not None:
            status, doctor = WaitlistStatus.OFFERED, doctors[calendar.doctor[offered_slot] - 1]
        since = present - random.randrange(2 * HOUR, 20 * DAY)
        begin = present + random.randint(0, 5) * DAY
        any_time = n % 3 == 0 or offered_slot is not None
        windows: list[Range[int]] = [Range() if any_time else Range(begin, begin + 21 * DAY)]
        made.entries.append((n + 1, patient.id, None, [doctor.id] if n % 5 else [],
                             [doctor.clinics[0].id] if n % 5 == 0 else [], None if n % 5 else doctor.specialty,
                             windows, status, since, since))  # fmt: skip
        if offered_slot is not None:
            _hold(made, calendar, offered_slot, patient, present, "live")
            offered = present - 5 * MINUTE
            number, hold = len(made.offers) + 1, len(made.holds)
            made.offers.append((number, n + 1, offered_slot + 1, hold, OfferStatus.OPEN, offered, offered))
    return made


def free_seats(calendar: Calendar, doctors: Sequence[Doctor], present: int, most: int) -> Iterator[int]:
    """Slots of the coming weeks with a free seat, doctor after doctor, at most `most`."""
    for doctor in doctors:
        for slot in calendar.of_doctor.get(doctor.id, ()):
            soon = present + DAY < calendar.start[slot] < present + 21 * DAY
            licensed = doctor.licence_expires is None or calendar.day[slot] < doctor.licence_expires
            if soon and licensed and calendar.booked[slot] < calendar.capacity[slot] and calendar.is_active(slot):
                yield slot
                most -= 1
                break
        if most == 0:
            return


def _hold(made: Waiting, calendar: Calendar, slot: int, patient: Patient, present: int, kind: str) -> None:
    ends = {"live": present + OPEN_END, "run out": present - 3 * HOUR, "released": present - 2 * HOUR}[kind]
    released = ends - 4 * MINUTE if kind == "released" else None
    created = min(ends, present) - 5 * MINUTE
    user = patient.person.user_id
    made.holds.append((len(made.holds) + 1, slot + 1, patient.id, user, ends, 0, released, created))
    calendar.held[slot] += released is None
