"""Who of those who wait fits a freed seat, said in Python: the oracle for the statement of `offer_seat`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Seat:
    slot_id: int
    doctor_id: int
    clinic_id: int
    specialty: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Waiting:
    """An entry in line. `gives_up` is the start of the appointment that she would give up; `busy` are her others."""

    id: int
    patient_id: int
    doctor_ids: frozenset[int]
    clinic_ids: frozenset[int]
    specialty: str | None
    windows: tuple[Span, ...]
    gives_up: datetime | None
    busy: tuple[Span, ...]
    had_offered: frozenset[int]


def first_who_fits(seat: Seat, in_line: Iterable[Waiting]) -> Waiting | None:
    """The first in line whom the seat suits."""
    return next((waiting for waiting in in_line if fits(seat, waiting)), None)


def fits(seat: Seat, waiting: Waiting) -> bool:
    if waiting.doctor_ids and seat.doctor_id not in waiting.doctor_ids:
        return False
    if waiting.clinic_ids and seat.clinic_id not in waiting.clinic_ids:
        return False
    if waiting.specialty is not None and waiting.specialty.casefold() != seat.specialty.casefold():
        return False
    if not any(begin <= seat.starts_at and seat.ends_at <= end for begin, end in waiting.windows):
        return False
    if waiting.gives_up is not None and waiting.gives_up <= seat.starts_at:
        return False
    if any(begin < seat.ends_at and seat.starts_at < end for begin, end in waiting.busy):
        return False
    return seat.slot_id not in waiting.had_offered
