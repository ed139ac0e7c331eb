"""The stock server's reads: ORM entities in sessions, and Strawberry's data loaders, one set per request."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import literal
from strawberry.dataloader import DataLoader

from bench.servers import POOL
from bench.servers.place import DSN, NOW, SESSION
from models import Clinic, Doctor, DoctorClinic, Patient, Payment, Slot, User
from models.base import Instant
from models.slots import free_seats, might_have_seats

engine = create_async_engine(
    DSN.replace("postgresql://", "postgresql+asyncpg://", 1),
    pool_size=POOL,
    max_overflow=0,
    connect_args={"server_settings": SESSION},
)
Session = async_sessionmaker(engine, expire_on_commit=False)
Load = Callable[[list[int]], Awaitable[list[Any]]]


def by_id(model: Any) -> Load:
    async def load(keys: list[int]) -> list[Any]:
        async with Session() as session:
            rows = (await session.scalars(select(model).where(model.id.in_(keys)))).all()
        found = {row.id: row for row in rows}
        return [found.get(key) for key in keys]

    return load


async def visit_payments(keys: list[int]) -> list[Payment | None]:
    async with Session() as session:
        query = select(Payment).where(Payment.appointment_id.in_(keys), Payment.kind == "VISIT")
        found = {payment.appointment_id: payment for payment in (await session.scalars(query)).all()}
    return [found.get(key) for key in keys]


async def clinics_of_doctors(keys: list[int]) -> list[list[Clinic]]:
    query = (
        select(DoctorClinic.doctor_id, Clinic)
        .join(Clinic, Clinic.id == DoctorClinic.clinic_id)
        .where(DoctorClinic.doctor_id.in_(keys), DoctorClinic.ended_at.is_(None))
        .order_by(Clinic.name, Clinic.id)
    )
    found: dict[int, list[Clinic]] = defaultdict(list)
    async with Session() as session:
        for doctor_id, clinic in (await session.execute(query)).all():
            found[doctor_id].append(clinic)
    return [found[key] for key in keys]


async def slots_with_seats(keys: list[int]) -> list[tuple[Slot, int] | None]:
    seats = free_seats(Slot.__table__, literal(NOW, Instant))
    async with Session() as session:
        rows = (await session.execute(select(Slot, seats).where(Slot.id.in_(keys)))).all()
    found = {slot.id: (slot, free) for slot, free in rows}
    return [found.get(key) for key in keys]


async def next_slots(keys: list[tuple[int, int]]) -> list[list[tuple[Slot, int]]]:
    """Keys are (doctor, how many): free slots, in one statement for all doctors that want equally many."""
    wanted: dict[int, list[int]] = defaultdict(list)
    for doctor_id, first in keys:
        wanted[first].append(doctor_id)
    found: dict[tuple[int, int], list[tuple[Slot, int]]] = defaultdict(list)
    for first, doctor_ids in wanted.items():
        for slot, free in await _free_slots(doctor_ids, first):
            found[slot.doctor_id, first].append((slot, free))
    return [found[key] for key in keys]


async def _free_slots(doctor_ids: list[int], first: int) -> Sequence[Any]:
    now = literal(NOW, Instant)
    seats = free_seats(Slot.__table__, now)
    earliest = (
        select(Slot, seats.label("seats"))
        .join(Clinic, Clinic.id == Slot.clinic_id)
        .where(
            Slot.doctor_id == Doctor.id,
            might_have_seats(Slot.__table__),
            Slot.starts_at > now,
            seats > 0,
            Clinic.is_active,
            Doctor.licence_expires_on.is_(None) | (Slot.local_day < Doctor.licence_expires_on),
        )
        .order_by(Slot.starts_at, Slot.id)
        .limit(first)
        .correlate(Doctor)
        .lateral()
    )
    slot = aliased(Slot, earliest)
    query = (
        select(slot, earliest.c.seats)
        .select_from(Doctor)
        .join(earliest, true())
        .where(Doctor.id.in_(doctor_ids), Doctor.status == "APPROVED")
    )
    async with Session() as session:
        return (await session.execute(query)).all()


async def free_slots_near(
    specialty: str, at: tuple[float, float], radius: float, when: tuple[datetime, datetime], first: int
) -> Sequence[Any]:
    """The earliest free slots of a specialty within so many kilometres of a latitude and a longitude."""
    now = literal(NOW, Instant)
    seats = free_seats(Slot.__table__, now)
    latitude, longitude = at
    half = func.power(func.sin(func.radians(Clinic.latitude - latitude) / 2), 2) + func.cos(
        func.radians(latitude)
    ) * func.cos(func.radians(Clinic.latitude)) * func.power(
        func.sin(func.radians(Clinic.longitude - longitude) / 2), 2
    )
    query = (
        select(Slot, seats)
        .join(Clinic, Clinic.id == Slot.clinic_id)
        .join(Doctor, Doctor.id == Slot.doctor_id)
        .where(
            might_have_seats(Slot.__table__),
            Slot.starts_at > now,
            Slot.starts_at >= when[0],
            Slot.starts_at < when[1],
            seats > 0,
            Clinic.is_active,
            Doctor.status == "APPROVED",
            func.lower(Doctor.specialty) == specialty.lower(),
            Doctor.licence_expires_on.is_(None) | (Slot.local_day < Doctor.licence_expires_on),
            Clinic.latitude.between(latitude - radius / 111, latitude + radius / 111),
            2 * 6371 * func.asin(func.sqrt(func.least(half, 1))) <= radius,
        )
        .order_by(Slot.starts_at, Slot.id)
        .limit(first)
    )
    async with Session() as session:
        return (await session.execute(query)).all()


class Loaders:
    """One set per request."""

    def __init__(self) -> None:
        self.user: DataLoader[Any, Any] = DataLoader(by_id(User))
        self.clinic: DataLoader[Any, Any] = DataLoader(by_id(Clinic))
        self.doctor: DataLoader[Any, Any] = DataLoader(by_id(Doctor))
        self.patient: DataLoader[Any, Any] = DataLoader(by_id(Patient))
        self.slot: DataLoader[Any, Any] = DataLoader(slots_with_seats)
        self.payment: DataLoader[Any, Any] = DataLoader(visit_payments)
        self.clinics: DataLoader[Any, Any] = DataLoader(clinics_of_doctors)
        self.next_slots: DataLoader[Any, Any] = DataLoader(next_slots)
