"""A stock Strawberry server as a competent developer writes it: ORM entities, data loaders, a resolver per relation."""

# mypy: disable-error-code="no-any-return,return-value"
# Resolvers return rows, of which Strawberry reads the fields that their declared type has.

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.types import Info

import models
from bench.servers.place import serve
from bench.servers.stock_loaders import Loaders, Session
from models.enums import AppointmentStatus, BloodGroup, PaymentStatus

strawberry.enum(AppointmentStatus)
strawberry.enum(BloodGroup)
strawberry.enum(PaymentStatus)
From = Annotated[datetime, strawberry.argument(name="from")]


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


def as_slot(found: tuple[models.Slot, int]) -> Slot:
    slot, seats = found
    minutes = int((slot.ends_at - slot.starts_at).total_seconds()) // 60
    return Slot(id=slot.id, start=slot.starts_at, duration_minutes=minutes, available_seats=seats)


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


@strawberry.type
class Query:
    @strawberry.field
    async def doctor(self, info: Info[Any, Any], id: int) -> Doctor | None:
        return await loaders(info).doctor.load(id)

    @strawberry.field
    async def doctors(self, specialty: str, first: int = 50) -> list[Doctor]:
        same = func.lower(models.Doctor.specialty) == specialty.lower()
        async with Session() as session:
            query = select(models.Doctor).where(same).order_by(models.Doctor.id).limit(first)
            return (await session.scalars(query)).all()

    @strawberry.field
    async def latest_appointments(self, first: int = 100) -> list[Appointment]:
        async with Session() as session:
            query = select(models.Appointment).order_by(models.Appointment.id.desc()).limit(first)
            return (await session.scalars(query)).all()


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def book_appointment(self, slot: int, patient: int, reason: str | None = None) -> Appointment:
        async with Session.begin() as session:
            found = await session.get(models.Slot, slot, with_for_update={"key_share": True})
            if found is None or not found.is_active or found.booked_count + found.held_count >= found.capacity:
                raise ValueError("this slot has no free seat")
            made = models.Appointment(
                slot_id=slot, patient_id=patient, status=AppointmentStatus.CONFIRMED, reason=reason
            )
            session.add(made)
            await session.flush()
            await session.refresh(made)
            return made


class Endpoint(GraphQL[Any, Any]):
    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"request": request, "response": response, "loaders": Loaders()}


if __name__ == "__main__":
    serve(
        Starlette(
            routes=[Route("/graphql", Endpoint(strawberry.Schema(query=Query, mutation=Mutation), graphql_ide=None))]
        )
    )
