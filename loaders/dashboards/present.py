"""What is going on now: today's agenda, the next free slot, who waits, what happened last."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    Interval,
    any_,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from auth.viewer import Sight
from auth.visibility import NOW
from loaders.dashboards.scopes import AFFILIATIONS, Scope, alike
from loaders.dashboards.sums import EVERY, SCOPES, by_scope, given
from loaders.entities import APPOINTMENT, APPOINTMENT_STEP, CLINIC, DOCTOR, SLOT, AppointmentRow, SlotRow, StepRow
from loaders.loader import Loader
from loaders.pages import Order, Pages
from loaders.reads import Reads
from loaders.scheduling.slots import SlotPages, can_be_booked
from models import WaitlistEntry
from models.base import Base
from models.statement import Statement, compile_statement

APPOINTMENTS, STEPS, SLOTS = APPOINTMENT.table, APPOINTMENT_STEP.table, SLOT.table
CLINICS, DOCTORS = CLINIC.table, DOCTOR.table
ENTRIES = Base.metadata.tables[WaitlistEntry.__tablename__]
WITH_CLINIC = APPOINTMENTS.join(CLINICS, CLINICS.c.id == APPOINTMENTS.c.clinic_id)
BY_START = Order("agenda", (APPOINTMENTS.c.starts_at, APPOINTMENTS.c.id))


def today() -> ColumnElement[bool]:
    """Of the clinic's day that it is now, with a seat; the bounds of two days are for the index."""
    two_days: ColumnElement[Any] = literal_column("interval '2 days'", Interval())
    return (
        APPOINTMENTS.c.starts_at.between(NOW - two_days, NOW + two_days)
        & (APPOINTMENTS.c.local_day == cast(func.timezone(CLINICS.c.time_zone, NOW), Date))
        & APPOINTMENTS.c.keeps_seat
    )


class AgendaOfDoctor(Loader[Scope, Any]):
    """Today's appointments with a doctor at the scope's clinics, each clinic's own today, earliest first."""

    absent: Any = ()

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        statement = _agenda(self.reads.sight, self.reads.wanted(APPOINTMENT))
        return by_scope(keys, await self.reads.fetch(statement, AppointmentRow, given(keys, (1,))), list)


@lru_cache(maxsize=1024)
def _agenda(sight: Sight, wanted: frozenset[str]) -> Statement:
    hers = (APPOINTMENTS.c.doctor_id == SCOPES.c.doctor_id) & (APPOINTMENTS.c.clinic_id == SCOPES.c.clinic_id)
    return compile_statement(
        select(SCOPES.c.key, *APPOINTMENT.shown(sight, wanted))
        .select_from(SCOPES.join(WITH_CLINIC, hers))
        .where(today(), APPOINTMENT.visible(sight))
        .order_by(SCOPES.c.key, APPOINTMENTS.c.starts_at, APPOINTMENTS.c.id)
    )


class AgendaPages(Pages):
    """Today's appointments of a clinic, earliest first."""

    entity = APPOINTMENT
    source = WITH_CLINIC
    always = today()
    conditions = {}
    parents = {"clinic": lambda clinic_id: APPOINTMENTS.c.clinic_id == clinic_id}


class NextSlotOfScope(Loader[Scope, Any]):
    """The first slot of the scope that can be booked now, whatever its days; None where there is none."""

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        found: dict[Scope, Any] = {}
        for of_doctor, those in alike(keys, lambda scope: scope.of_doctor):
            statement = _next_slot(self.reads.sight, self.reads.wanted(SLOT), of_doctor)
            rows = await self.reads.fetch(statement, SlotRow, given(those, (1,)))
            found |= {those[row["key"]]: row for row in rows}
        return found


@lru_cache(maxsize=1024)
def _next_slot(sight: Sight, wanted: frozenset[str], of_doctor: bool) -> Statement:
    here = SLOTS.c.clinic_id == SCOPES.c.clinic_id
    earliest = (
        select(*SLOT.shown(sight, wanted), SLOTS.c.starts_at.label("first"))
        .select_from(SlotPages.source)
        .where(here, SLOTS.c.is_active, can_be_booked())
        .order_by(SLOTS.c.starts_at, SLOTS.c.id)
        .limit(literal_column("1"))
    )
    if of_doctor:
        earliest = earliest.where(SLOTS.c.doctor_id == SCOPES.c.doctor_id)
    found = earliest.lateral("earliest")
    return compile_statement(
        select(SCOPES.c.key, *found.c)
        .select_from(SCOPES.join(found, true()))
        .ext(distinct_on(SCOPES.c.key))
        .order_by(SCOPES.c.key, found.c.first, found.c.id)
    )


class WaitlistLengthOfScope(Loader[Scope, int]):
    """How many open waitlist entries a seat of the scope could answer."""

    absent = 0

    async def read(self, keys: list[Scope]) -> Mapping[Scope, int]:
        found: dict[Scope, int] = {}
        for everywhere, those in alike(keys, lambda scope: scope.everywhere):
            rows = await self.reads.fetch(_waiting(everywhere), Record, given(those, (1,)))
            found |= {those[row["key"]]: row["entries"] for row in rows}
        return found


@lru_cache
def _waiting(everywhere: bool) -> Statement:
    fits = exists(
        select(AFFILIATIONS.c.doctor_id)
        .select_from(AFFILIATIONS.join(DOCTORS, DOCTORS.c.id == AFFILIATIONS.c.doctor_id))
        .where(
            AFFILIATIONS.c.ended_at.is_(None),
            AFFILIATIONS.c.clinic_id == SCOPES.c.clinic_id,
            or_(SCOPES.c.doctor_id == EVERY, AFFILIATIONS.c.doctor_id == SCOPES.c.doctor_id),
            _any_or(ENTRIES.c.doctor_ids, AFFILIATIONS.c.doctor_id),
            _any_or(ENTRIES.c.clinic_ids, AFFILIATIONS.c.clinic_id),
            or_(ENTRIES.c.specialty.is_(None), func.lower(ENTRIES.c.specialty) == func.lower(DOCTORS.c.specialty)),
        )
    )
    is_open = ENTRIES.c.status.in_([literal_column("'WAITING'"), literal_column("'OFFERED'")])
    entries = func.count(ENTRIES.c.id.distinct()).label("entries")
    return compile_statement(
        select(SCOPES.c.key, entries)
        .select_from(SCOPES.join(ENTRIES, is_open if everywhere else is_open & fits))
        .group_by(SCOPES.c.key)
    )


def _any_or(ids: ColumnElement[Any], id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a list of ids is empty, which means any, or has this one."""
    return or_(ids == literal_column("'{}'::bigint[]", ARRAY(BigInteger)), id == any_(ids))


class LatestSteps(Loader[Scope, Any]):
    """The latest steps in the lives of appointments at the scope's clinics, newest first, whatever its days."""

    absent: Any = ()

    def __init__(self, reads: Reads, first: int) -> None:
        super().__init__(reads)
        self._first = first

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        found: dict[Scope, Any] = {}
        for everywhere, those in alike(keys, lambda scope: scope.everywhere):
            statement = _steps(self._first, everywhere, self.reads.wanted(APPOINTMENT_STEP))
            found |= by_scope(those, await self.reads.fetch(statement, StepRow, given(those, (1,))), list)
        return found


@lru_cache(maxsize=1024)
def _steps(first: int, everywhere: bool, wanted: frozenset[str]) -> Statement:
    steps = select(*APPOINTMENT_STEP.shown(Sight(), wanted)).order_by(STEPS.c.id.desc())
    steps = steps.limit(literal_column(str(first)))
    if not everywhere:
        steps = steps.where(STEPS.c.clinic_id == SCOPES.c.clinic_id)
    latest = steps.lateral("latest")
    place = func.row_number().over(partition_by=SCOPES.c.key, order_by=latest.c.id.desc()).label("place")
    ranked = select(SCOPES.c.key, *latest.c, place).select_from(SCOPES.join(latest, true())).subquery("ranked")
    shown = [column for column in ranked.c if column.name != "place"]
    return compile_statement(
        select(*shown).where(ranked.c.place <= literal_column(str(first))).order_by(ranked.c.key, ranked.c.id.desc())
    )
