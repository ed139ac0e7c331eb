"""What is asked for: variables, seats to book, and the tokens of who asks ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path

from bench.booking import Seat, crowd_of, seats_to_book
from bench.database import RADIUS_KM, SPECIALTY, WEEK, Clinic, busy_clinics, busy_doctors, user_of_doctor
from bench.operations import Operation, Values
from bench.shapes import global_id
from bench.tokens import SERVICE, signed_in, tokens_of
from server.settings import Settings


@dataclass(frozen=True)
class Asked:
    """Variables, seats to book and a crowd after one seat; tokens are for one server.

    Each dialect has its variables once for every object that is asked for in turn.
    """

    values: Mapping[str, Sequence[Values]]
    bookings: Sequence[Seat]
    crowd: Sequence[Seat]
    doctor_user: int
    tokens: Mapping[str, str] = field(default_factory=dict)

    def of(self, dialect: str, operation: Operation) -> Sequence[Values]:
        """The variables for each object that an operation is asked for."""
        return self.values[dialect][: operation.in_turn]

    async def with_tokens(self, dsn: str, data_dir: Path, port: int, now: datetime) -> "Asked":
        """With those that a server of ours on this port accepts."""
        settings = Settings(data_dir=data_dir).listening_on(port)
        service, doctor = await tokens_of(dsn, settings, now, SERVICE, signed_in(self.doctor_user, now))
        return replace(self, tokens={"service": service, "doctor": doctor})


async def what_is_asked(dsn: str, now: datetime) -> Asked:
    """Busy doctors, busy clinics, free seats: the same in every run on the same data."""
    doctors, clinics = await busy_doctors(dsn, now), await busy_clinics(dsn, now)
    bookings = await seats_to_book(dsn, now)
    return Asked(values_of(doctors, clinics, now), bookings, crowd_of(bookings), await user_of_doctor(dsn, doctors[0]))


def values_of(doctors: Sequence[int], clinics: Sequence[Clinic], now: datetime) -> dict[str, list[Values]]:
    """The variables of every operation, as each dialect spells them, for as many pairs as there are of either."""
    pairs = list(islice(zip(cycle(doctors), cycle(clinics), strict=False), max(len(doctors), len(clinics))))
    dialects: dict[str, Callable[[str, int], str | int]] = {
        "ours": global_id,
        "peers": lambda _type_name, number: number,
        "postgraphile": lambda _type_name, number: str(number),
    }
    return {name: [spelled(*pair, now, id_of) for pair in pairs] for name, id_of in dialects.items()}


def spelled(doctor: int, clinic: Clinic, now: datetime, id_of: Callable[[str, int], str | int]) -> Values:
    today = now.date()
    instants = {"now": now, "from": now - WEEK, "to": now + WEEK}
    texts = {name: instant.isoformat().replace("+00:00", "Z") for name, instant in instants.items()}
    firsts = {"first_day": today - 4 * WEEK, "year_ago": today - 52 * WEEK, "last_day": today}
    days = {name: day.isoformat() for name, day in firsts.items()}
    place = {"latitude": clinic.latitude, "longitude": clinic.longitude, "radius": RADIUS_KM}
    ids = {"doctor": id_of("Doctor", doctor), "clinic": id_of("Clinic", clinic.id)}
    return {"specialty": SPECIALTY, **ids, **texts, **days, **place}
