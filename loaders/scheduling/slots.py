"""Questions about bookable time."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)

from auth.viewer import Sight
from auth.visibility import NOW
from loaders.entities import CLINIC, DOCTOR, SLOT, SlotRow
from loaders.horizons import Horizon, array_of
from loaders.loader import Loader
from loaders.pages import Order, Pages
from loaders.places import in_city, near
from loaders.providers.clinics import AFFILIATIONS
from loaders.providers.doctors import has_specialty, speaks, within_fee
from loaders.reads import Reads
from loaders.rows import RowBy, group
from models.base import Instant
from models.slots import free_seats, might_have_seats
from models.statement import Statement, compile_statement, one_of_ids, parameter

SLOTS, DOCTORS, CLINICS = SLOT.table, DOCTOR.table, CLINIC.table

PLACE = frozenset({"city", "near"})
PERSON = frozenset({"specialty", "language", "max_fee"})
TODAY = cast(func.timezone("UTC", NOW), Date)
"""Of the slots to come none is on a local day earlier than the one before."""


class SlotById(RowBy):
    entity = SLOT


def has_a_seat() -> ColumnElement[bool]:
    """Still to come, with a seat to be had now."""
    return might_have_seats(SLOTS) & (SLOTS.c.starts_at > NOW) & (free_seats(SLOTS, NOW) > 0)


def surely_has_a_seat() -> ColumnElement[bool]:
    """As `has_a_seat`, without a look at what has expired."""
    return (
        might_have_seats(SLOTS)
        & (SLOTS.c.starts_at > NOW)
        & (SLOTS.c.booked_count + SLOTS.c.held_count < SLOTS.c.capacity)
    )


def is_held_by_her() -> ColumnElement[bool]:
    """Of an approved doctor with a licence on that day."""
    licensed = or_(DOCTORS.c.licence_expires_on.is_(None), SLOTS.c.local_day < DOCTORS.c.licence_expires_on)
    return (DOCTORS.c.status == "APPROVED") & licensed


def may_be_booked() -> ColumnElement[bool]:
    """A doctor who may have something to be booked: others would be asked in vain, in all their slots."""
    licensed = or_(DOCTORS.c.licence_expires_on.is_(None), DOCTORS.c.licence_expires_on >= TODAY)
    return (DOCTORS.c.status == "APPROVED") & licensed


def can_be_booked() -> ColumnElement[bool]:
    """Still to come, with a seat to be had now, of an approved doctor with a licence on that day, at an open clinic."""
    return has_a_seat() & is_held_by_her() & CLINICS.c.is_active


class SlotPages(Pages):
    """Slots of one doctor, one clinic, or all of them; with `free`, only those that can be booked now."""

    entity = SLOT
    source = SLOTS.join(DOCTORS, DOCTORS.c.id == SLOTS.c.doctor_id).join(CLINICS, CLINICS.c.id == SLOTS.c.clinic_id)
    always = SLOTS.c.is_active
    visible_if = frozenset({"free"})
    conditions = {
        "free": can_be_booked,
        "starts_from": lambda: SLOTS.c.starts_at >= parameter("starts_from", Instant),
        "starts_before": lambda: SLOTS.c.starts_at < parameter("starts_before", Instant),
        "doctor_ids": lambda: SLOTS.c.doctor_id == one_of_ids("doctor_ids"),
        "clinic_ids": lambda: SLOTS.c.clinic_id == one_of_ids("clinic_ids"),
        "specialty": has_specialty,
        "language": speaks,
        "max_fee": within_fee,
        "city": lambda: in_city(CLINICS),
        "near": lambda: near(CLINICS),
    }
    parents = {
        "doctor": lambda doctor_id: SLOTS.c.doctor_id == doctor_id,
        "clinic": lambda clinic_id: SLOTS.c.clinic_id == clinic_id,
    }
    spreads = {"doctor_ids": "doctor", "clinic_ids": "clinic"}

    @classmethod
    def horizon(cls, conditions: tuple[str, ...]) -> Horizon | None:
        """In a place: of its clinics, or of the doctors there who are asked for."""
        place = [cls.conditions[name]() for name in conditions if name in PLACE]
        person = PERSON.intersection(conditions)
        if not place or "free" not in conditions:
            return None
        since = func.greatest(NOW, parameter("starts_from", Instant)) if "starts_from" in conditions else NOW
        clinics = select(CLINICS.c.id).where(*place, CLINICS.c.is_active)
        free, surely_free = has_a_seat(), surely_has_a_seat()
        if person:
            doctors = _who_works_at(array_of(clinics, "places"), person)
            met = PLACE | PERSON | {"free"}
            return Horizon(SLOTS, SLOTS.c.starts_at, since, doctors, _is_hers, free, surely_free, instead_of=met)
        source, held, met = SLOTS.join(DOCTORS, DOCTORS.c.id == SLOTS.c.doctor_id), is_held_by_her(), PLACE | {"free"}
        return Horizon(
            source, SLOTS.c.starts_at, since, clinics, _is_there, free & held, surely_free & held, instead_of=met
        )


def _who_works_at(clinics: ColumnElement[Any], person: frozenset[str]) -> Select[Any]:
    """The affiliations there of doctors as they are asked for who may have something to be booked.

    Others would be asked in vain, in all their slots.
    """
    works = AFFILIATIONS.c
    query = select(works.doctor_id, works.clinic_id, works.bookable_before, works.slot_parts.label("parts")).where(
        works.clinic_id == any_(clinics), works.bookable_before >= TODAY, works.slot_parts != literal_column("0")
    )
    if "specialty" in person:
        query = query.where(works.specialty == func.lower(parameter("specialty", Text())))
    if more := person - {"specialty"}:
        # A value of each affiliation, not a join: its one plan would begin with those who speak the language anywhere.
        asked_for = and_(*(SlotPages.conditions[name]() for name in sorted(more)))
        query = query.where(select(asked_for).where(DOCTORS.c.id == works.doctor_id).scalar_subquery())
    return query


def _is_hers(works: FromClause) -> ColumnElement[bool]:
    here = (SLOTS.c.doctor_id == works.c.doctor_id) & (SLOTS.c.clinic_id == works.c.clinic_id)
    return here & (SLOTS.c.local_day < works.c.bookable_before)


def _is_there(clinics: FromClause) -> ColumnElement[bool]:
    return SLOTS.c.clinic_id == clinics.c.id


BY_START = Order("slots", (SLOTS.c.starts_at, SLOTS.c.id))


class NextSlotsOfDoctor(Loader[int, Any]):
    """The first slots of a doctor that can be booked now, earliest first."""

    absent: Any = ()

    def __init__(self, reads: Reads, first: int) -> None:
        super().__init__(reads)
        self._first = first

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        statement = _next_slots(self._first, self.reads.sight, self.reads.wanted(SLOT, "doctor_id"))
        rows = await self.reads.fetch(statement, SlotRow, {"keys": keys})
        return group(rows, "doctor_id")


@lru_cache(maxsize=1024)
def _next_slots(first: int, sight: Sight, wanted: frozenset[str]) -> Statement:
    earliest = (
        select(*SLOT.shown(sight, wanted))
        .select_from(SLOTS.join(CLINICS, CLINICS.c.id == SLOTS.c.clinic_id))
        .where(SLOTS.c.doctor_id == DOCTORS.c.id, can_be_booked())
        .order_by(SLOTS.c.starts_at, SLOTS.c.id)
        .limit(literal_column(str(first)))
        .lateral("earliest")
    )
    asked = DOCTORS.c.id == one_of_ids("keys")
    return compile_statement(
        select(*earliest.c).select_from(DOCTORS.join(earliest, true())).where(asked, may_be_booked())
    )
