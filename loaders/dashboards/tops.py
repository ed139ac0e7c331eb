"""Who is first, by bookings or by revenue."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import BigInteger, ColumnElement, Select, Table, and_, cast, func, literal_column, select, true

from loaders.dashboards.counts import COUNTS
from loaders.dashboards.revenue import REVENUE
from loaders.dashboards.scopes import Scope, alike
from loaders.dashboards.sums import CHANGES, EVERY, RANGES, SCOPES, ZERO, both, by_scope, given, keeps_seat
from loaders.dashboards.sums import SPANS as SPANS_GIVEN
from loaders.entities import DOCTOR
from loaders.loader import Loader
from loaders.reads import Reads
from models.enums import FREES_SEAT, AppointmentStatus
from models.rollups import SPANS
from models.statement import Statement, compile_statement

DOCTORS = DOCTOR.table


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
    def _statement(self, *, everywhere: bool) -> Statement: ...

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        found: dict[Scope, Any] = {}
        for everywhere, those in alike(keys, lambda scope: scope.everywhere):
            statement = self._statement(everywhere=everywhere)
            found |= by_scope(those, await self.reads.fetch(statement, TopRow, given(those, SPANS)), list)
        return found


class TopsByBookings(Tops):
    """The first in a scope by appointments that keep their seat, the most first; ties by id or name."""

    def _statement(self, *, everywhere: bool) -> Statement:
        return _by_bookings(self._subject, self._first, everywhere)


class TopsByRevenue(Tops):
    """The first in a scope of each currency by money captured less refunded; ties by id or name."""

    def _statement(self, *, everywhere: bool) -> Statement:
        return _by_revenue(self._subject, self._first, everywhere)


KEPT = [status.lower() for status in AppointmentStatus if status not in FREES_SEAT]


@lru_cache
def _by_bookings(subject: Subject, first: int, everywhere: bool) -> Statement:
    kept: ColumnElement[Any] = sum((COUNTS.c[name] for name in KEPT[1:]), COUNTS.c[KEPT[0]])
    rows = both(
        _folded(COUNTS, subject, everywhere, kept.label("amount")),
        _not_folded(subject, everywhere, CHANGES.c.appointments.label("amount")).where(keeps_seat()),
    )
    return _ranked(rows, subject, first)


@lru_cache
def _by_revenue(subject: Subject, first: int, everywhere: bool) -> Statement:
    rows = both(
        _folded(
            REVENUE,
            subject,
            everywhere,
            (REVENUE.c.captured_minor - REVENUE.c.refunded_minor).label("amount"),
            REVENUE.c.currency,
        ),
        _not_folded(
            subject,
            everywhere,
            (CHANGES.c.captured_minor - CHANGES.c.refunded_minor).label("amount"),
            CHANGES.c.currency,
        ).where(CHANGES.c.currency.is_not(None)),
    )
    return _ranked(rows, subject, first, rows.c.currency)


def _id(table: Table, subject: Subject) -> ColumnElement[int]:
    """What rows are added up by at first: specialties are those of doctors."""
    return (table.c.clinic_id if subject is Subject.CLINIC else table.c.doctor_id).label("id")


def _folded(table: Table, subject: Subject, everywhere: bool, *columns: ColumnElement[Any]) -> Select[Any]:
    span = and_(table.c.days == SPANS_GIVEN.c.days, table.c.first_day == SPANS_GIVEN.c.first_day)
    level = table.c.doctor_id == EVERY if subject is Subject.CLINIC else table.c.doctor_id > EVERY
    query = select(SPANS_GIVEN.c.key, _id(table, subject), *columns)
    if everywhere:
        one_clinic = table.c.clinic_id > EVERY if subject is Subject.CLINIC else true()
        return query.select_from(SPANS_GIVEN.join(table, and_(span, level, one_clinic)))
    places = SCOPES.join(SPANS_GIVEN, SPANS_GIVEN.c.key == SCOPES.c.key)
    return query.select_from(places.join(table, and_(span, level, table.c.clinic_id == SCOPES.c.clinic_id)))


def _not_folded(subject: Subject, everywhere: bool, *columns: ColumnElement[Any]) -> Select[Any]:
    in_range = CHANGES.c.day.between(RANGES.c.first, RANGES.c.last)
    query = select(RANGES.c.key, _id(CHANGES, subject), *columns).where(in_range)
    if everywhere:
        return query.select_from(RANGES.join(CHANGES, true()))
    places = SCOPES.join(RANGES, RANGES.c.key == SCOPES.c.key)
    return query.select_from(places.join(CHANGES, CHANGES.c.clinic_id == SCOPES.c.clinic_id))


def _ranked(rows: Any, subject: Subject, first: int, *currency: ColumnElement[Any]) -> Statement:
    group = (rows.c.key, rows.c.id, *currency)
    sums = select(*group, func.sum(rows.c.amount, type_=BigInteger()).label("amount")).group_by(*group).subquery("sums")
    if subject is Subject.SPECIALTY:
        kinds = (sums.c.key, DOCTORS.c.specialty.label("id"), *(sums.c[each.name] for each in currency))
        joined = sums.join(DOCTORS, DOCTORS.c.id == sums.c.id)
        sums = (
            select(*kinds, func.sum(sums.c.amount, type_=BigInteger()).label("amount"))
            .select_from(joined)
            .group_by(*kinds)
            .subquery("kinds")
        )
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
