"""What is asked for: variables, seats to book, and the tokens of who asks ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from bench.booking import Seat, crowd_of, seats_to_book
from bench.database import RADIUS_KM, SPECIALTY, WEEK, busy_clinic, busy_doctor, user_of_doctor
from bench.operations import Values
from bench.shapes import global_id
from bench.tokens import SERVICE, signed_in, tokens_of
from server.settings import Settings


@dataclass(frozen=True)
class Asked:
    """The variables of each dialect, seats to book and a crowd after one seat; tokens are for one server."""

    values: Mapping[str, Values]
    bookings: Sequence[Seat]
    crowd: Sequence[Seat]
    doctor_user: int
    tokens: Mapping[str, str] = field(default_factory=dict)

    async def with_tokens(self, dsn: str, data_dir: Path, port: int, now: datetime) -> "Asked":
        """With those that a server of ours on this port accepts."""
        settings = Settings(data_dir=data_dir).listening_on(port)
        service, doctor = await tokens_of(dsn, settings, now, SERVICE, signed_in(self.doctor_user, now))
        return replace(self, tokens={"service": service, "doctor": doctor})


async def what_is_asked(dsn: str, now: datetime) -> Asked:
    """A busy doctor, a busy clinic, free seats: the same in every run on the same data."""
    doctor = await busy_doctor(dsn, now)
    values = values_of(doctor, *await busy_clinic(dsn, now), now)
    bookings = await seats_to_book(dsn, now)
    return Asked(values, bookings, crowd_of(bookings), await user_of_doctor(dsn, doctor))


def values_of(doctor: int, clinic: int, point: tuple[float, float], now: datetime) -> dict[str, Values]:
    """The variables of every operation, as each dialect spells them. The point is a latitude and a longitude."""
    today = now.date()

    def spelled(id_of: Callable[[str, int], str | int]) -> Values:
        instants = {"now": now, "from": now - WEEK, "to": now + WEEK}
        texts = {name: instant.isoformat().replace("+00:00", "Z") for name, instant in instants.items()}
        firsts = {"first_day": today - 4 * WEEK, "year_ago": today - 52 * WEEK, "last_day": today}
        days = {name: day.isoformat() for name, day in firsts.items()}
        place = {"latitude": point[0], "longitude": point[1], "radius": RADIUS_KM}
        ids = {"doctor": id_of("Doctor", doctor), "clinic": id_of("Clinic", clinic)}
        return {"specialty": SPECIALTY, **ids, **texts, **days, **place}

    return {
        "ours": spelled(global_id),
        "peers": spelled(lambda _type_name, number: number),
        "postgraphile": spelled(lambda _type_name, number: str(number)),
    }
