"""A stock Strawberry server as a competent developer writes it: ORM entities, data loaders, a resolver per relation."""

# mypy: disable-error-code="no-any-return,return-value"
# Resolvers return rows, of which Strawberry reads the fields that their declared type has.

from datetime import date, datetime
from typing import Any

import strawberry
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.types import Info

import models
from bench.servers.place import serve
from bench.servers.stock_dashboards import About, AdminDashboard, ClinicDashboard, DoctorDashboard
from bench.servers.stock_loaders import Loaders, Session, free_slots_near
from bench.servers.stock_types import Appointment, Doctor, From, FromDay, Slot, as_slot, loaders
from models.enums import AppointmentStatus


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

    @strawberry.field
    async def free_slots(
        self,
        specialty: str,
        latitude: float,
        longitude: float,
        radius: float,
        from_: From,
        to: datetime,
        first: int = 20,
    ) -> list[Slot]:
        found = await free_slots_near(specialty, (latitude, longitude), radius, (from_, to), first)
        return [as_slot(each) for each in found]

    @strawberry.field
    async def doctor_dashboard(self, doctor: int, from_: FromDay, to: date) -> DoctorDashboard:
        return DoctorDashboard(about=About(from_, to, doctor_id=doctor))

    @strawberry.field
    async def clinic_dashboard(self, clinic: int, from_: FromDay, to: date) -> ClinicDashboard:
        return ClinicDashboard(about=About(from_, to, clinic_id=clinic))

    @strawberry.field
    async def admin_dashboard(self, from_: FromDay, to: date) -> AdminDashboard:
        return AdminDashboard(about=About(from_, to))


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
