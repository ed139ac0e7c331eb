"""Patients, who live in a city and mostly stay with its doctors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from models.enums import BloodGroup, PatientStatus, Role, UserStatus
from server.seed import names
from server.seed.batch import Batch
from server.seed.cities import City
from server.seed.doctors import Doctor
from server.seed.draws import stream
from server.seed.moments import DAY, ordinal_of
from server.seed.people import Person, person

ALLERGIES = ("Penicillin", "Peanuts", "Latex", "Pollen", "Ibuprofen", "Shellfish", "Bee stings", "Lactose")
GROUPS = tuple(BloodGroup)
GROUP_SHARES = (30, 6, 9, 2, 4, 1, 38, 10)


@dataclass(slots=True)
class Patient:
    """`created` of the person is when she registered; bookings that are older move it back."""

    id: int
    person: Person
    city: City
    born: int
    status: PatientStatus
    blood_group: BloodGroup | None
    allergies: str | None
    emergency_contact: str | None

    @property
    def may_book(self) -> bool:
        return self.status is not PatientStatus.INACTIVE and self.person.status is UserStatus.ACTIVE


def make(count: int, seed: int, doctors: Sequence[Doctor], first_user_id: int, present: int) -> list[Patient]:
    """As many in a city as its doctors are busy."""
    random = stream(seed, "patients")
    today = ordinal_of(present)
    working = [doctor for doctor in doctors if doctor.works]
    homes = [doctor.clinics[0].city for doctor in working]
    draws = list(accumulate(doctor.half_days * (doctor.history + 0.12) * doctor.popularity for doctor in working))
    made: list[Patient] = []
    for index in range(count):
        city = random.choices(homes, cum_weights=draws)[0] if index else doctors[0].clinics[0].city
        is_minor = random.random() < 0.16 and index > 0
        age = random.uniform(0.1, 17.5) if is_minor else random.triangular(18.5, 93, 42)
        created = present - int(random.expovariate(1 / 200) * DAY) % (900 * DAY) - 2 * DAY
        who = person(random, first_user_id + index, Role.PATIENT, city, created, demo=index == 0)
        if index % 200 == 50:
            who.status = UserStatus.SUSPENDED
        status = PatientStatus.VIP if index % 50 == 7 else PatientStatus.ACTIVE
        contact = names.draw(random, city.names)
        made.append(
            Patient(
                id=index + 1,
                person=who,
                city=city,
                born=max(today - int(age * 365.25), date(1930, 1, 1).toordinal()),
                status=PatientStatus.INACTIVE if index % 40 == 11 else status,
                blood_group=random.choices(GROUPS, GROUP_SHARES)[0] if random.random() < 0.7 else None,
                allergies=random.choice(ALLERGIES) if random.random() < 0.18 else None,
                emergency_contact=f"{contact}, {who.phone}" if random.random() < 0.6 else None,
            )
        )
    return made


def batch(patients: Sequence[Patient]) -> Batch:
    def rows() -> Iterator[tuple[object, ...]]:
        for p in patients:
            yield (p.id, p.person.user_id, p.status, p.born, p.blood_group, p.allergies, p.emergency_contact, 1,
                   p.person.created, p.person.created)  # fmt: skip

    return Batch(
        "patients",
        "id user_id status date_of_birth blood_group allergies emergency_contact version created_at updated_at",
        rows(),
        len(patients),
    )
