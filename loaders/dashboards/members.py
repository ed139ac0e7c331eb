"""Whose figures stand in the rows of a scope's tables: its doctors, clinics and appointments, page by page."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from asyncpg import Record
from sqlalchemy import BigInteger, Date, exists, func, literal_column, select

from loaders.dashboards.scopes import AFFILIATIONS, NO_IDS, Scope
from loaders.entities import APPOINTMENT, CLINIC, DOCTOR, USER
from loaders.loader import Loaders
from loaders.pages import ROOT, Filter, Page
from loaders.reads import Reads
from loaders.scheduling.appointments import EARLIEST_FIRST, AppointmentPages
from models.statement import Statement, compile_statement, one_of_ids, parameter

APPOINTMENTS = APPOINTMENT.table
CLINICS, DOCTORS, USERS = CLINIC.table, DOCTOR.table, USER.table
WIDEST = timedelta(days=2)  # a clinic-local day is within so much of the day of the same name in UTC


async def doctors_of(reads: Reads, scope: Scope, after: int, first: int) -> Sequence[Record]:
    """The next doctors by id: `id`, `name`, `specialty` and `clinic_ids`, where they work or have worked.

    Asked only for scopes that the viewer may see.
    """
    statement = _doctors(scope.of_doctor, scope.everywhere, first)
    values = {"after": after, "doctor_id": scope.doctor_id, "clinic_ids": scope.clinic_ids}
    return await reads.fetch(statement, Record, values)


async def clinics_of(reads: Reads, scope: Scope, after: int, first: int) -> Sequence[Record]:
    """The next clinics by id: `id`, `name`, `city` and `time_zone`. Asked only for scopes that the viewer may see."""
    statement = _clinics(scope.everywhere, first)
    return await reads.fetch(statement, Record, {"after": after, "clinic_ids": scope.clinic_ids})


async def appointments_of(loaders: Loaders, scope: Scope, after: str | None, first: int) -> Page:
    """The next appointments whose visit is on the scope's days, as far as the viewer may see them, earliest first."""
    start = datetime.combine(scope.first, time(), UTC) - WIDEST
    end = datetime.combine(scope.last, time(), UTC) + WIDEST
    asked: Filter = (
        ("starts_from", (("starts_from", start),)),
        ("starts_before", (("starts_before", end),)),
        ("local_days", (("first_day", scope.first), ("last_day", scope.last))),
        *((("doctor_id", (("doctor_id", scope.doctor_id),)),) if scope.of_doctor else ()),
        *(() if scope.everywhere else (("clinic_ids", (("clinic_ids", scope.clinic_ids),)),)),
    )
    return await loaders.get(AppointmentsOfDays, None, EARLIEST_FIRST, asked, first, after).load(ROOT)


class AppointmentsOfDays(AppointmentPages):
    """Appointments by clinic-local day."""

    conditions = {
        **AppointmentPages.conditions,
        "local_days": lambda: APPOINTMENTS.c.local_day.between(
            parameter("first_day", Date()), parameter("last_day", Date())
        ),
        "clinic_ids": lambda: APPOINTMENTS.c.clinic_id == one_of_ids("clinic_ids"),
    }


@lru_cache
def _doctors(of_doctor: bool, everywhere: bool, first: int) -> Statement:
    worked = AFFILIATIONS.c.doctor_id == DOCTORS.c.id
    here = worked if everywhere else worked & (AFFILIATIONS.c.clinic_id == one_of_ids("clinic_ids"))
    clinic_ids = select(func.array_agg(AFFILIATIONS.c.clinic_id)).where(here).scalar_subquery()
    query = (
        select(DOCTORS.c.id, USERS.c.name, DOCTORS.c.specialty, func.coalesce(clinic_ids, NO_IDS).label("clinic_ids"))
        .select_from(DOCTORS.join(USERS, USERS.c.id == DOCTORS.c.user_id))
        .where(DOCTORS.c.id > parameter("after", BigInteger()))
        .order_by(DOCTORS.c.id)
        .limit(literal_column(str(first)))
    )
    if of_doctor:
        query = query.where(DOCTORS.c.id == parameter("doctor_id", BigInteger()))
    elif not everywhere:
        query = query.where(exists(select(AFFILIATIONS.c.doctor_id).where(here)))
    return compile_statement(query)


@lru_cache
def _clinics(everywhere: bool, first: int) -> Statement:
    query = (
        select(CLINICS.c.id, CLINICS.c.name, CLINICS.c.city, CLINICS.c.time_zone)
        .where(CLINICS.c.id > parameter("after", BigInteger()))
        .order_by(CLINICS.c.id)
        .limit(literal_column(str(first)))
    )
    return compile_statement(query if everywhere else query.where(CLINICS.c.id == one_of_ids("clinic_ids")))
