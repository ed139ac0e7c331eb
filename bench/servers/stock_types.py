"""The stock server's types: ORM entities behind them, a resolver with a data loader for each relation."""

# mypy: disable-error-code="no-any-return,return-value"
# Resolvers return rows, of which Strawberry reads the fields that their declared type has.

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import select
from strawberry.types import Info

import models
from bench.servers.stock_loaders import Loaders, Session
from models.enums import AppointmentStatus, BloodGroup, PaymentStatus

strawberry.enum(AppointmentStatus)
strawberry.enum(BloodGroup)
strawberry.enum(PaymentStatus)
From = Annotated[datetime, strawberry.argument(name="from")]
FromDay = Annotated[date, strawberry.argument(name="from")]


def loaders(info: Info[Any, Any]) -> Loaders:
    found: Loaders = info.context["loaders"]
    return found


@strawberry.type
class User:
    name: str


@strawberry.type
class Clinic:
    id: int
    name: str
    city: str


@strawberry.type
class Payment:
    status: PaymentStatus
    currency: str

    @strawberry.field
    def amount(root: Any) -> int:  # noqa: N805 - Strawberry passes the row as root
        return int(root.amount_minor)


@strawberry.type
class Slot:
    id: int
    start: datetime
    duration_minutes: int
    available_seats: int
    doctor_id: strawberry.Private[int]
    clinic_id: strawberry.Private[int]

    @strawberry.field
    async def doctor(root: Any, info: Info[Any, Any]) -> "Doctor":  # noqa: N805
        return await loaders(info).doctor.load(root.doctor_id)

    @strawberry.field
    async def clinic(root: Any, info: Info[Any, Any]) -> Clinic:  # noqa: N805
        return await loaders(info).clinic.load(root.clinic_id)


def as_slot(found: tuple[models.Slot, int]) -> Slot:
    slot, seats = found
    minutes = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
    return Slot(
        id=slot.id,
        start=slot.starts_at,
        duration_minutes=minutes,
        available_seats=seats,
        doctor_id=slot.doctor_id,
        clinic_id=slot.clinic_id,
    )


@strawberry.type
class Patient:
    id: int
    date_of_birth: date | None
    blood_group: BloodGroup | None

    @strawberry.field
    async def user(root: Any, info: Info[Any, Any]) -> User:  # noqa: N805
        return await loaders(info).user.load(root.user_id)


@strawberry.type
class Appointment:
    id: int
    status: AppointmentStatus
    reason: str | None
    booked_at: datetime

    @strawberry.field
    async def patient(root: Any, info: Info[Any, Any]) -> Patient:  # noqa: N805
        return await loaders(info).patient.load(root.patient_id)

    @strawberry.field
    async def doctor(root: Any, info: Info[Any, Any]) -> "Doctor":  # noqa: N805
        return await loaders(info).doctor.load(root.doctor_id)

    @strawberry.field
    async def clinic(root: Any, info: Info[Any, Any]) -> Clinic:  # noqa: N805
        return await loaders(info).clinic.load(root.clinic_id)

    @strawberry.field
    async def slot(root: Any, info: Info[Any, Any]) -> Slot:  # noqa: N805
        return as_slot(await loaders(info).slot.load(root.slot_id))

    @strawberry.field
    async def payment(root: Any, info: Info[Any, Any]) -> Payment | None:  # noqa: N805
        return await loaders(info).payment.load(root.id)


@strawberry.type
class Doctor:
    id: int
    specialty: str
    years_of_experience: int
    licence_number: str

    @strawberry.field
    async def user(root: Any, info: Info[Any, Any]) -> User:  # noqa: N805
        return await loaders(info).user.load(root.user_id)

    @strawberry.field
    async def clinics(root: Any, info: Info[Any, Any]) -> list[Clinic]:  # noqa: N805
        return await loaders(info).clinics.load(root.id)

    @strawberry.field
    async def next_slots(root: Any, info: Info[Any, Any], first: int = 5) -> list[Slot]:  # noqa: N805
        return [as_slot(found) for found in await loaders(info).next_slots.load((root.id, first))]

    @strawberry.field
    async def appointments(root: Any, from_: From, to: datetime, first: int = 100) -> list[Appointment]:  # noqa: N805
        appointment = models.Appointment
        query = (
            select(appointment)
            .where(appointment.doctor_id == root.id, appointment.starts_at >= from_, appointment.starts_at < to)
            .order_by(appointment.starts_at, appointment.id)
            .limit(first)
        )
        async with Session() as session:
            return (await session.scalars(query)).all()
