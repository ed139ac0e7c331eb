"""Who is first, by bookings or by revenue."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, Table, and_, cast, func, literal_column, select

from loaders.dashboards.counts import COUNTS
from loaders.dashboards.leaders import TOP_BOOKINGS, TOP_REVENUE, Compared, by_bookings, by_revenue, depth
from loaders.dashboards.revenue import REVENUE
from loaders.dashboards.scopes import Scope, alike
from loaders.dashboards.sums import (
    CHANGES,
    EVERY,
    RANGES,
    SCOPES,
    ZERO,
    both,
    by_scope,
    folded,
    given,
    keeps_seat,
    not_folded,
)
from loaders.dashboards.sums import SPANS as SPANS_GIVEN
from loaders.entities import DOCTOR
from loaders.loader import Loader
from loaders.reads import Reads
from models import RollUpSpecialtyBookings, RollUpSpecialtyRevenue
from models.base import Base
from models.enums import FREES_SEAT, AppointmentStatus
from models.rollups import SPANS, TOP_SPANS
from models.statement import Statement, compile_statement

DOCTORS = DOCTOR.table
SPECIALTIES = {
    TOP_BOOKINGS: Base.metadata.tables[RollUpSpecialtyBookings.__tablename__],
    TOP_REVENUE: Base.metadata.tables[RollUpSpecialtyRevenue.__tablename__],
}
"""The tables of specialties beside those of doctors and clinics."""


class Subject(StrEnum):
    """Who is compared."""

    CLINIC = "clinic_id"
    DOCTOR = "doctor_id"
    SPECIALTY = "specialty"


class TopRow(Record):
    __slots__ = ()


class Tops(Loader[Scope, Any], ABC):
    """The first of a kind in a scope. Subclasses say by what."""

    def __init__(self, reads: Reads, subject: Subject, first: int) -> None:
        super().__init__(reads)
        self._subject = subject
        self._first = first

    @abstractmethod
    def _everywhere(self) -> Statement: ...

    @abstractmethod
    def _at_clinics(self) -> Statement: ...

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        found: dict[Scope, Any] = {}
        for everywhere, those in alike(keys, lambda scope: scope.everywhere):
            statement = self._everywhere() if everywhere else self._at_clinics()
            values = given(those, TOP_SPANS if everywhere else SPANS)
            found |= by_scope(those, await self.reads.fetch(statement, TopRow, values), list)
        return found


class TopsByBookings(Tops):
    """The first in a scope by appointments that keep their seat, the most first; ties by id or name."""

    def _everywhere(self) -> Statement:
        return _everywhere(by_bookings, self._subject, self._first, depth(self._first))

    def _at_clinics(self) -> Statement:
        return _by_bookings(self._subject, self._first)


class TopsByRevenue(Tops):
    """The first in a scope of each currency by money captured less refunded; ties by id or name."""

    def _everywhere(self) -> Statement:
        return _everywhere(by_revenue, self._subject, self._first, depth(self._first))

    def _at_clinics(self) -> Statement:
        return _by_revenue(self._subject, self._first)


KEPT = [status.lower() for status in AppointmentStatus if status not in FREES_SEAT]


@lru_cache
def _everywhere(by: Callable[[str], Compared], subject: Subject, first: int, deep: int) -> Statement:
    compared = by(subject)
    rows = _of_specialties(compared) if subject is Subject.SPECIALTY else compared.leaders(first, deep)
    return _ranked(rows, subject, first, *(rows.c[name] for name in compared.among))


def _of_specialties(compared: Compared) -> Subquery:
    table = SPECIALTIES[compared.table]
    among = [table.c[name] for name in compared.among]
    specialty = select(DOCTORS.c.specialty).where(DOCTORS.c.id == CHANGES.c.doctor_id).scalar_subquery()
    changed = (
        func.coalesce(specialty, literal_column("''")).label("id"),
        *(CHANGES.c[name] for name in compared.among),
        compared.changed.label("amount"),
    )
    return both(
        folded(table, table.c.specialty.label("id"), *among, table.c[compared.amount.name].label("amount")),
        not_folded(*changed).where(compared.concerns),
    )


@lru_cache
def _by_bookings(subject: Subject, first: int) -> Statement:
    kept: ColumnElement[Any] = sum((COUNTS.c[name] for name in KEPT[1:]), COUNTS.c[KEPT[0]])
    rows = both(
        _folded(COUNTS, subject, kept.label("amount")),
        _not_folded(subject, CHANGES.c.appointments.label("amount")).where(keeps_seat()),
    )
    return _ranked(_by_specialty(rows) if subject is Subject.SPECIALTY else rows, subject, first)


@lru_cache
def _by_revenue(subject: Subject, first: int) -> Statement:
    net = REVENUE.c.captured_minor - REVENUE.c.refunded_minor
    changed = CHANGES.c.captured_minor - CHANGES.c.refunded_minor
    rows = both(
        _folded(REVENUE, subject, net.label("amount"), REVENUE.c.currency),
        _not_folded(subject, changed.label("amount"), CHANGES.c.currency).where(CHANGES.c.currency.is_not(None)),
    )
    rows = _by_specialty(rows, rows.c.currency) if subject is Subject.SPECIALTY else rows
    return _ranked(rows, subject, first, rows.c.currency)


def _id(table: Table, subject: Subject) -> ColumnElement[int]:
    """What rows are added up by at first: specialties are those of doctors."""
    return (table.c.clinic_id if subject is Subject.CLINIC else table.c.doctor_id).label("id")


def _folded(table: Table, subject: Subject, *columns: ColumnElement[Any]) -> Select[Any]:
    here = and_(
        table.c.days == SPANS_GIVEN.c.days,
        table.c.first_day == SPANS_GIVEN.c.first_day,
        table.c.doctor_id == EVERY if subject is Subject.CLINIC else table.c.doctor_id > EVERY,
        table.c.clinic_id == SCOPES.c.clinic_id,
    )
    places = SCOPES.join(SPANS_GIVEN, SPANS_GIVEN.c.key == SCOPES.c.key)
    return select(SPANS_GIVEN.c.key, _id(table, subject), *columns).select_from(places.join(table, here))


def _not_folded(subject: Subject, *columns: ColumnElement[Any]) -> Select[Any]:
    in_range = CHANGES.c.day.between(RANGES.c.first, RANGES.c.last)
    places = SCOPES.join(RANGES, RANGES.c.key == SCOPES.c.key)
    query = select(RANGES.c.key, _id(CHANGES, subject), *columns).where(in_range)
    return query.select_from(places.join(CHANGES, CHANGES.c.clinic_id == SCOPES.c.clinic_id))


def _by_specialty(rows: Subquery, *currency: ColumnElement[Any]) -> Subquery:
    """Rows of doctors as rows of what they have now."""
    sums = _added(rows, *currency)
    others = (column for column in sums.c if column.name != "id")
    doctors = sums.join(DOCTORS, DOCTORS.c.id == sums.c.id)
    return select(DOCTORS.c.specialty.label("id"), *others).select_from(doctors).subquery("rows_of_doctors")


def _added(rows: Subquery, *currency: ColumnElement[Any]) -> Subquery:
    group = (rows.c.key, rows.c.id, *currency)
    return select(*group, func.sum(rows.c.amount).label("amount")).group_by(*group).subquery("sums")


def _ranked(rows: Subquery, subject: Subject, first: int, *currency: ColumnElement[Any]) -> Statement:
    sums = _added(rows, *currency)
    within = (sums.c.key, *(sums.c[each.name] for each in currency))
    place = func.row_number().over(partition_by=within, order_by=(sums.c.amount.desc(), sums.c.id)).label("place")
    ranked = select(*sums.c, place).where(sums.c.amount > ZERO).subquery("ranked")
    return compile_statement(
        select(
            ranked.c.key,
            ranked.c.id.label(subject.value),
            cast(ranked.c.amount, BigInteger).label("amount"),
            *(ranked.c[each.name] for each in currency),
        )
        .where(ranked.c.place <= literal_column(str(first)))
        .order_by(ranked.c.key, *(ranked.c[each.name] for each in currency), ranked.c.place)
    )
