"""Everyone who signs in. Users 1.. are administrators, then doctors, staff, and patients last, as they are the most."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from models.enums import Role, UserStatus
from server.seed import names
from server.seed.batch import Batch
from server.seed.cities import City
from server.seed.clinics import Clinic
from server.seed.draws import jitter, stream
from server.seed.moments import DAY, HOUR

ADMINS = 3
STAFF_PER_CLINIC = 3
DEMO = {
    Role.PATIENT: ("Priya Demo", "patient@example.org"),
    Role.DOCTOR: ("Dana Demo", "doctor@example.org"),
    Role.STAFF: ("Sam Demo", "staff@example.org"),
    Role.MANAGER: ("Morgan Demo", "manager@example.org"),
    Role.ADMIN: ("Ada Demo", "admin@example.org"),
}


@dataclass(slots=True)
class Person:
    user_id: int
    role: Role
    name: str
    email: str
    phone: str
    language: str
    status: UserStatus
    created: int


@dataclass(slots=True)
class StaffMember:
    person: Person
    clinic: Clinic
    ended: int | None


def person(random: Random, user_id: int, role: Role, city: City, created: int, *, demo: bool) -> Person:
    name = names.draw(random, city.names)
    (language,) = random.choices(tuple(city.languages), tuple(city.languages.values()))
    phone = city.phone.format(random.randrange(10_000))
    address = names.email(name, user_id)
    if demo:
        (name, address), language = DEMO[role], "en"
    return Person(user_id, role, name, address, phone, language, UserStatus.ACTIVE, created)


def administrators(seed: int, city: City, present: int) -> list[Person]:
    random = stream(seed, "administrators")
    created = present - 3000 * DAY
    return [person(random, n + 1, Role.ADMIN, city, created, demo=n == 0) for n in range(ADMINS)]


def staff(seed: int, clinics: list[Clinic], first_user_id: int, present: int) -> list[StaffMember]:
    """A manager and two at the front desk for each clinic: some invited and not yet there, some gone."""
    random = stream(seed, "staff")
    made: list[StaffMember] = []
    for clinic in clinics:
        for n in range(STAFF_PER_CLINIC):
            role = Role.MANAGER if n == 0 else Role.STAFF
            created = clinic.created + random.randrange(1, 400) * DAY
            demo = clinic.id == 1 and n < 2
            who = person(random, first_user_id + len(made), role, clinic.city, created, demo=demo)
            ended = None
            if n == 2 and clinic.id % 7 == 3:
                who.status, ended = UserStatus.SUSPENDED, present - random.randrange(20, 200) * DAY
            elif n == 2 and clinic.id % 7 == 5:
                who.status, who.created = UserStatus.INVITED, present - 3 * DAY
            made.append(StaffMember(who, clinic, ended))
    return made


def users(people: Iterable[Person], expected: int, present: int) -> Batch:
    """The sign-in side of people. Nobody has a password: that is set by whoever takes the account over."""

    def rows() -> Iterator[tuple[object, ...]]:
        for p in people:
            invited = p.status is UserStatus.INVITED
            seen = None if invited else max(p.created, present - HOUR * (1 + jitter(p.user_id, 1, 1500)))
            yield (p.user_id, p.name, p.email, p.phone, p.language, p.status, None if invited else p.created, seen, 1,
                   p.created, p.created)  # fmt: skip

    columns = "id name email phone language status email_verified_at last_login_at version created_at updated_at"
    return Batch("users", columns, rows(), expected)


def roles(people: Iterable[Person], expected: int, admin_id: int) -> Batch:
    return Batch(
        "user_roles",
        "user_id role granted_by_id granted_at",
        ((p.user_id, p.role, None if p.role is Role.PATIENT else admin_id, p.created) for p in people),
        expected,
    )


def employments(members: list[StaffMember]) -> Batch:
    return Batch(
        "staff",
        "user_id clinic_id role ended_at created_at updated_at",
        (
            (m.person.user_id, m.clinic.id, m.person.role, m.ended, m.person.created, m.ended or m.person.created)
            for m in members
        ),
        len(members),
    )
