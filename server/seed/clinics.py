"""Clinics with their hours, policies and closing days. The first, the demo people's, is open at the seed's present."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from models.enums import ConfirmationRule
from server.seed.batch import Batch
from server.seed.cities import CITIES, LONDON, NEW_YORK, SYDNEY, City
from server.seed.draws import stream
from server.seed.moments import DAY, HOUR, ordinal_of, weekday_of

FIRST = (*CITIES, SYDNEY, NEW_YORK, LONDON)
KINDS = ("Medical Centre", "Family Practice", "Health Clinic", "Polyclinic", "Specialist Rooms", "Day Clinic")
RULES = (ConfirmationRule.AUTOMATIC, ConfirmationRule.PAYMENT, ConfirmationRule.STAFF, ConfirmationRule.AUTOMATIC)
PAYMENT_WINDOW = 48 * HOUR


@dataclass(slots=True)
class Clinic:
    """Hours are minutes since local midnight; `closed` holds the days on which nobody works."""

    id: int
    name: str
    city: City
    address: str
    postal_code: str
    latitude: float
    longitude: float
    phone: str
    is_active: bool
    rule: ConfirmationRule
    notice_to_cancel: int
    late_fee: int
    no_show_fee: int
    opens: int
    lunch: tuple[int, int]
    closes: int
    popularity: float
    created: int
    closed: dict[int, str] = field(default_factory=dict)

    def works_on(self, weekday: int) -> bool:
        return weekday != self.city.day_off and weekday != (6 if self.city.day_off == 7 and self.id % 3 == 0 else 0)


def make(count: int, seed: int, present: int) -> list[Clinic]:
    random = stream(seed, "clinics")
    made: list[Clinic] = []
    taken: dict[str, int] = {}
    for index in range(count):
        city = FIRST[index] if index < len(FIRST) else random.choice(CITIES)
        district, latitude, longitude = random.choice(city.districts)
        name = f"{district} {random.choice(KINDS)}"
        taken[name] = taken.get(name, 0) + 1
        rule = RULES[index % len(RULES)]
        lunch = random.choice((12 * 60, 12 * 60 + 30, 13 * 60))
        fee = city.fees[0] * 20
        clinic = Clinic(
            id=index + 1,
            name=name if taken[name] == 1 else f"{name} {taken[name]}",
            city=city,
            address=f"{random.randint(1, 240)} {random.choice(city.streets)}",
            postal_code=city.postal_code.format(random.randint(1, 9)),
            latitude=round(latitude + random.uniform(-0.008, 0.008), 6),
            longitude=round(longitude + random.uniform(-0.008, 0.008), 6),
            phone=city.phone.format(1000 + index),
            is_active=index % 15 != 10,
            rule=rule,
            notice_to_cancel=random.choice((12, 24, 24, 48)) * HOUR,
            late_fee=random.choice((0, fee, fee)),
            no_show_fee=random.choice((0, fee, 2 * fee)),
            opens=random.choice((8 * 60, 8 * 60 + 30, 9 * 60)),
            lunch=(lunch, lunch + random.choice((30, 45, 60))),
            closes=random.choice((17 * 60, 17 * 60 + 30, 18 * 60, 19 * 60)),
            popularity=random.lognormvariate(0, 0.5),
            created=present - 1500 * DAY - random.randrange(900) * DAY,
        )
        close(clinic, random.randint(3, 40), ordinal_of(present))
        made.append(clinic)
    return made


def close(clinic: Clinic, ahead: int, today: int) -> None:
    """New Year and Christmas of three years, and a day of training; never within two days of today."""
    this_year = date.fromordinal(today).year
    for year in range(this_year - 2, this_year + 2):
        clinic.closed[date(year, 1, 1).toordinal()] = "New Year's Day"
        clinic.closed[date(year, 12, 25).toordinal()] = "Christmas Day"
    for day in (today + ahead, today - 10 - ahead):
        if clinic.works_on(weekday_of(day)):
            clinic.closed.setdefault(day, "Staff training")
    for day in range(today - 2, today + 3):
        clinic.closed.pop(day, None)


def batches(clinics: list[Clinic]) -> Iterator[Batch]:
    yield Batch(
        "clinics",
        "id name address city state postal_code country latitude longitude time_zone currency phone email is_active "
        "version created_at updated_at",
        (
            (c.id, c.name, c.address, c.city.name, c.city.state, c.postal_code, c.city.country, c.latitude, c.longitude,
             c.city.time_zone, c.city.currency, c.phone, f"clinic{c.id}@example.org", c.is_active, 1, c.created,
             c.created)
            for c in clinics
        ),
        len(clinics),
    )  # fmt: skip
    yield Batch(
        "clinic_closures",
        "clinic_id day reason",
        ((c.id, day, reason) for c in clinics for day, reason in sorted(c.closed.items())),
        sum(len(c.closed) for c in clinics),
    )


def policies(clinics: list[Clinic], admin_id: int) -> Batch:
    """Version 1 of each clinic's policy, whose id is the clinic's."""

    def rows() -> Iterator[tuple[object, ...]]:
        for c in clinics:
            window = timedelta(seconds=PAYMENT_WINDOW) if c.rule is ConfirmationRule.PAYMENT else None
            yield (c.id, c.id, 1, c.rule, timedelta(hours=1), timedelta(seconds=c.notice_to_cancel),
                   timedelta(hours=12), 3, c.late_fee, c.no_show_fee, window, admin_id, c.created)  # fmt: skip

    return Batch(
        "clinic_policies",
        "id clinic_id version confirmation notice_to_book notice_to_cancel notice_to_reschedule max_reschedules "
        "late_fee_minor no_show_fee_minor payment_window created_by_id created_at",
        rows(),
        len(clinics),
    )
