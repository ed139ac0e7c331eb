"""The stock server's dashboards: a statement for each section over the raw tables, through the ORM's columns."""

# mypy: disable-error-code="no-any-return,return-value"
# Resolvers return rows, of which Strawberry reads the fields that their declared type has.

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, Date, Executable, Select, case, cast, func, literal, select
from strawberry.types import Info

from bench.servers.place import NOW
from bench.servers.stock_loaders import Session
from bench.servers.stock_types import Appointment, Clinic, Doctor, Slot, as_slot, loaders
from models import Appointment as Visit
from models import Clinic as Place
from models import Payment
from models import Slot as Offer
from models.base import Instant
from models.enums import AppointmentStatus

TWO_DAYS = timedelta(days=2)


@dataclass(frozen=True)
class About:
    """Local days, of a doctor, of a clinic, or of everybody."""

    first: date
    last: date
    doctor_id: int | None = None
    clinic_id: int | None = None

    def whose(self, table: Any) -> list[ColumnElement[bool]]:
        if self.doctor_id is not None:
            return [table.doctor_id == self.doctor_id]
        return [table.clinic_id == self.clinic_id] if self.clinic_id is not None else []

    def within(self, table: Any) -> list[ColumnElement[bool]]:
        """With instants around the days where there is an index of them for whom they are about."""
        first, last = self.first - TWO_DAYS, self.last + TWO_DAYS + timedelta(days=1)
        whose = self.whose(table)
        near = [table.starts_at >= first, table.starts_at < last] if whose else []
        return [*whose, *near, table.local_day.between(self.first, self.last)]


async def rows(query: Executable) -> Sequence[Any]:
    async with Session() as session:
        return (await session.execute(query)).all()


@strawberry.type
class StatusCounts:
    pending: int
    confirmed: int
    checked_in: int
    in_progress: int
    completed: int
    cancelled: int
    no_show: int
    declined: int
    total: int


@strawberry.type
class Utilisation:
    offered: int
    taken: int


@strawberry.type
class PatientCounts:
    new: int
    returning: int


@strawberry.type
class Money:
    amount: float


@strawberry.type
class Revenue:
    currency: str
    captured: Money
    refunded: Money


@strawberry.type
class ClinicBookings:
    bookings: int

    @strawberry.field
    async def clinic(root: Any, info: Info[Any, Any]) -> Clinic:  # noqa: N805 - Strawberry passes the row as root
        return await loaders(info).clinic.load(root.clinic_id)


@strawberry.type
class DoctorBookings:
    bookings: int

    @strawberry.field
    async def doctor(root: Any, info: Info[Any, Any]) -> Doctor:  # noqa: N805
        return await loaders(info).doctor.load(root.doctor_id)


@strawberry.type
class Figures:
    about: strawberry.Private[About]

    @strawberry.field
    async def statuses(self) -> StatusCounts:
        counts = [func.count().filter(Visit.status == status).label(status.lower()) for status in AppointmentStatus]
        query = select(*counts, func.count().label("total")).where(*self.about.within(Visit))
        return (await rows(query))[0]

    @strawberry.field
    async def utilisation(self) -> Utilisation:
        offered = func.sum(case((Offer.is_active, Offer.capacity), else_=Offer.booked_count))
        taken = func.sum(Offer.booked_count)
        sums = (func.coalesce(offered, 0).label("offered"), func.coalesce(taken, 0).label("taken"))
        return (await rows(select(*sums).where(*self.about.within(Offer))))[0]

    @strawberry.field
    async def patients(self) -> PatientCounts:
        new = func.count().filter(Visit.is_first_visit).label("new")
        returning = func.count().filter(~Visit.is_first_visit).label("returning")
        return (await rows(select(new, returning).where(Visit.keeps_seat, *self.about.within(Visit))))[0]

    @strawberry.field
    async def revenue(self) -> list[Revenue]:
        at = func.timezone(Place.time_zone, func.coalesce(Payment.captured_at, Payment.created_at))
        query = (
            select(Payment.currency, func.sum(Payment.captured_minor), func.sum(Payment.refunded_minor))
            .join(Visit, Visit.id == Payment.appointment_id)
            .join(Place, Place.id == Visit.clinic_id)
            .where(*self.about.whose(Visit), Payment.captured_minor != 0)
            .where(cast(at, Date).between(self.about.first, self.about.last))
            .group_by(Payment.currency)
            .order_by(Payment.currency)
        )
        return [
            Revenue(currency=each[0], captured=Money(amount=each[1]), refunded=Money(amount=each[2]))
            for each in await rows(query)
        ]


def top(column: Any, about: About, first: int) -> Select[Any]:
    """Who has the most bookings."""
    kept = select(column, func.count().label("bookings")).where(Visit.keeps_seat, *about.within(Visit))
    return kept.group_by(column).order_by(func.count().desc(), column).limit(first)


async def todays(about: About, first: int | None = None) -> list[Visit]:
    now = literal(NOW, Instant)
    query = (
        select(Visit)
        .join(Place, Place.id == Visit.clinic_id)
        .where(*about.whose(Visit), Visit.keeps_seat)
        .where(Visit.starts_at >= NOW - TWO_DAYS, Visit.starts_at < NOW + TWO_DAYS)
        .where(Visit.local_day == cast(func.timezone(Place.time_zone, now), Date))
        .order_by(Visit.starts_at, Visit.id)
        .limit(first)
    )
    async with Session() as session:
        return list((await session.scalars(query)).all())


@strawberry.type
class DoctorDashboard(Figures):
    @strawberry.field
    async def doctor(self, info: Info[Any, Any]) -> Doctor:
        return await loaders(info).doctor.load(self.about.doctor_id)

    @strawberry.field
    async def agenda(self) -> list[Appointment]:
        return await todays(self.about)

    @strawberry.field
    async def next_slot(self, info: Info[Any, Any]) -> Slot | None:
        found = await loaders(info).next_slots.load((self.about.doctor_id, 1))
        return as_slot(found[0]) if found else None


@strawberry.type
class ClinicDashboard(Figures):
    @strawberry.field
    async def clinic(self, info: Info[Any, Any]) -> Clinic:
        return await loaders(info).clinic.load(self.about.clinic_id)

    @strawberry.field
    async def agenda(self, first: int = 20) -> list[Appointment]:
        return await todays(self.about, first)

    @strawberry.field
    async def top_doctors_by_bookings(self, first: int = 10) -> list[DoctorBookings]:
        return await rows(top(Visit.doctor_id, self.about, first))


@strawberry.type
class AdminDashboard(Figures):
    @strawberry.field
    async def top_clinics_by_bookings(self, first: int = 10) -> list[ClinicBookings]:
        return await rows(top(Visit.clinic_id, self.about, first))

    @strawberry.field
    async def top_doctors_by_bookings(self, first: int = 10) -> list[DoctorBookings]:
        return await rows(top(Visit.doctor_id, self.about, first))
