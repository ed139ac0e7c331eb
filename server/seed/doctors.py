"""Doctors: what they do, where they work, what they cost, and how far each is in her working life here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from models.enums import DoctorStatus, Role
from server.seed.batch import Batch
from server.seed.clinics import Clinic
from server.seed.draws import stream
from server.seed.moments import DAY, ordinal_of
from server.seed.people import Person, person

# Specialty: minutes per visit, factor on the city's fee, whether it has group sessions.
SPECIALTIES: dict[str, tuple[tuple[int, ...], float, bool]] = {
    "General practice": ((15, 20), 0.7, False),
    "Paediatrics": ((20, 30), 0.8, False),
    "Dermatology": ((15, 20), 1.0, False),
    "Cardiology": ((30, 40), 1.4, False),
    "Psychotherapy": ((50,), 1.1, True),
    "Physiotherapy": ((30, 45), 0.6, True),
    "Orthopaedics": ((20, 30), 1.2, False),
    "Gynaecology": ((30,), 1.1, False),
    "Neurology": ((30, 45), 1.4, False),
    "Ear, nose and throat": ((20,), 1.0, False),
    "Ophthalmology": ((20, 30), 1.1, False),
    "Endocrinology": ((30,), 1.2, False),
    "Gastroenterology": ((30, 40), 1.3, False),
    "Nutrition": ((30, 45), 0.6, True),
    "Dentistry": ((30, 60), 1.0, False),
}
COMMON = (24, 9, 8, 7, 7, 8, 6, 6, 4, 4, 5, 3, 3, 3, 6)
TITLES = ("MD", "MBBS, FRACP", "MD, PhD", "MBBS", "MD, FACP", "MBBS, MRCP", "MD, MPH")


@dataclass(slots=True)
class Doctor:
    """`half_days` are sessions a week; `history` is how far back she goes, as a share of the longest."""

    id: int
    person: Person
    status: DoctorStatus
    specialty: str
    licence_expires: int | None
    clinics: list[Clinic]
    former_clinic: Clinic | None
    years: int
    languages: list[str]
    qualifications: str
    fee: int
    minutes: int
    buffer: int
    has_groups: bool
    half_days: int
    history: float
    popularity: float
    daily_limit: int | None = None
    first_day: int = 0
    days_off: dict[int, str] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        return self.status in (DoctorStatus.APPROVED, DoctorStatus.INACTIVE)

    @property
    def is_approved(self) -> bool:
        return self.status is DoctorStatus.APPROVED


def status_of(index: int) -> DoctorStatus:
    if index % 20 == 7:
        return DoctorStatus.APPLIED
    if index % 30 == 13:
        return DoctorStatus.INACTIVE
    return DoctorStatus.REJECTED if index % 100 == 57 else DoctorStatus.APPROVED


def workload(random: Random, index: int) -> tuple[int, float]:
    """Half days a week and the share of history: most are part-time or new, few have been here all along."""
    if index == 0:
        return 14, 0.1
    least, most = random.choices(((1, 1), (2, 3), (4, 5), (8, 10)), (50, 32, 12, 6))[0]
    half_days = random.randint(least, most)
    long_here = random.random() < (0.2 if half_days <= 3 else 0.05)
    return half_days, random.uniform(0.5, 1.0) if long_here else random.uniform(0.03, 0.09)


def licence(random: Random, index: int, today: int) -> int | None:
    """A few run out in the coming weeks, a few have run out."""
    usual = today + random.randint(200, 1500)
    if index % 25 == 3:
        return today + random.randint(5, 45)
    if index % 40 == 9:
        return today - random.randint(3, 20)
    return None if index % 50 == 30 else usual


def make(count: int, seed: int, clinics: list[Clinic], first_user_id: int, present: int) -> list[Doctor]:
    """Each active clinic has a doctor if there are enough of them; the others go where it is busy."""
    random = stream(seed, "doctors")
    active = [clinic for clinic in clinics if clinic.is_active]
    weights = [clinic.popularity for clinic in active]
    made: list[Doctor] = []
    for index in range(count):
        home = active[index] if index < len(active) else random.choices(active, weights)[0]
        near = [c for c in active if c.city is home.city and c is not home]
        gone = [c for c in clinics if not c.is_active and c.city.country == home.city.country]
        second, left = random.random() < 0.15 or index == 0, random.random() < 0.3
        specialty = random.choices(tuple(SPECIALTIES), COMMON)[0] if index else "General practice"
        minutes, factor, groups = SPECIALTIES[specialty]
        low, high = home.city.fees
        half_days, history = workload(random, index)
        created = present - random.randint(900, 1400) * DAY
        status = status_of(index)
        if status is DoctorStatus.APPLIED:
            created = present - random.randint(1, 30) * DAY
        who = person(random, first_user_id + index, Role.DOCTOR, home.city, created, demo=index == 0)
        spoken = random.choices(tuple(home.city.languages), tuple(home.city.languages.values()), k=2)
        made.append(
            Doctor(
                id=index + 1,
                person=who,
                status=status,
                specialty=specialty,
                licence_expires=licence(random, index, ordinal_of(present)),
                clinics=[home, random.choice(near)] if near and second else [home],
                former_clinic=random.choice(gone) if gone and left else None,
                years=random.randint(2, 40),
                languages=list(dict.fromkeys([who.language, *spoken, *(["en"] if random.random() < 0.6 else [])])),
                qualifications=random.choice(TITLES),
                fee=round(random.triangular(low, high, low * 1.5) * factor / 5) * 500,
                minutes=random.choice(minutes),
                buffer=random.choice((0, 0, 5, 10)) if index else 0,
                has_groups=groups,
                half_days=half_days,
                history=history,
                popularity=random.lognormvariate(0, 0.6) * home.popularity if index else 1.5,
            )
        )
    return made


def batches(doctors: list[Doctor], present: int) -> Iterator[Batch]:
    """Profiles, then where they work and worked."""
    affiliations = [(d, c, None) for d in doctors for c in d.clinics]
    former = [(d, d.former_clinic, present - 150 * DAY) for d in doctors if d.former_clinic]
    yield Batch(
        "doctors",
        "id user_id status specialty licence_number licence_expires_on qualifications years_of_experience languages "
        "consultation_fee_minor currency daily_patient_limit approved_at version created_at updated_at",
        (
            (d.id, d.person.user_id, d.status, d.specialty, f"{d.clinics[0].city.country}-{100_000 + d.id * 7}",
             d.licence_expires, d.qualifications, d.years, d.languages, d.fee, d.clinics[0].city.currency,
             d.daily_limit, d.person.created + 7 * DAY if d.works else None, 1, d.person.created, d.person.created)
            for d in doctors
        ),
        len(doctors),
    )  # fmt: skip
    yield Batch(
        "doctor_clinics",
        "doctor_id clinic_id ended_at created_at updated_at",
        ((d.id, c.id, ended, d.person.created, ended or d.person.created) for d, c, ended in [*affiliations, *former]),
        len(affiliations) + len(former),
    )
