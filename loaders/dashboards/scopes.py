"""Whose figures and of which days; and whether the viewer may see them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from asyncpg import Record
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, exists, false, func, literal_column, or_, select, true

from auth.viewer import Sight
from auth.visibility import CLINIC_IDS, DOCTOR_ID, USER_ID
from loaders.entities import CLINIC, DOCTOR
from loaders.loader import Loader
from models import DoctorClinic, Staff
from models.rollups import ALL
from models.statement import Statement, compile_statement, one_of_ids

AFFILIATIONS, STAFF = DoctorClinic.__table__, Staff.__table__
CLINICS, DOCTORS = CLINIC.table, DOCTOR.table
NO_IDS: ColumnElement[Any] = literal_column("'{}'::bigint[]", ARRAY(BigInteger))
ONE_DAY = timedelta(days=1)


class Scope(NamedTuple):
    """A doctor (or ALL) at some clinics (or ALL alone), and clinic-local days, both ends included."""

    doctor_id: int
    clinic_ids: tuple[int, ...]
    first: date
    last: date

    @property
    def before(self) -> "Scope":
        """The same for as many days before."""
        last = self.first - ONE_DAY
        return self._replace(first=last - (self.last - self.first), last=last)

    @property
    def everywhere(self) -> bool:
        return self.clinic_ids == (ALL,)

    @property
    def of_doctor(self) -> bool:
        return self.doctor_id != ALL

    def spans(self, lengths: Sequence[int]) -> Iterator[tuple[int, date]]:
        """The fewest aligned spans of these lengths (the longest first, 1 the last) that make up the days."""
        day, end = self.first.toordinal() - 1, self.last.toordinal()
        while day < end:
            length = next(length for length in lengths if day % length == 0 and day + length <= end)
            yield length, date.fromordinal(day + 1)
            day += length


def alike(scopes: Sequence[Scope], kind: Callable[[Scope], bool]) -> Iterator[tuple[bool, list[Scope]]]:
    """The scopes of each kind that there is: most requests have one, and so take one statement."""
    for each in (False, True):
        if those := [scope for scope in scopes if kind(scope) is each]:
            yield each, those


def manages(clinic_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the viewer manages the clinic now."""
    return (clinic_id == CLINIC_IDS) & exists(
        select(STAFF.c.clinic_id).where(
            STAFF.c.user_id == USER_ID,
            STAFF.c.clinic_id == clinic_id,
            STAFF.c.role == "MANAGER",
            STAFF.c.ended_at.is_(None),
        )
    )


class ClinicsOfDoctorDashboard(Loader[int, tuple[int, ...] | None]):
    """The clinics whose part of a doctor's figures the viewer may see; None if she may see nothing of this doctor.

    The doctor herself, administrators and services see all clinics where she works or has worked; managers their own.
    """

    async def read(self, keys: list[int]) -> Mapping[int, tuple[int, ...] | None]:
        rows = await self.reads.fetch(_clinics_of_doctors(self.reads.sight), Record, {"keys": keys})
        return {row["id"]: tuple(row["clinic_ids"]) for row in rows}


class ClinicDashboards(Loader[int, int | None]):
    """The clinic's id if the viewer may see its dashboard: administrators, services, and who manages it."""

    async def read(self, keys: list[int]) -> Mapping[int, int | None]:
        rows = await self.reads.fetch(_clinics(self.reads.sight), Record, {"keys": keys})
        return {row["id"]: row["id"] for row in rows}


@lru_cache
def _clinics_of_doctors(sight: Sight) -> Statement:
    here = AFFILIATIONS.c.doctor_id == DOCTORS.c.id
    hers = DOCTORS.c.id == DOCTOR_ID if sight.as_doctor else false()
    managed = manages(AFFILIATIONS.c.clinic_id) if sight.as_staff else false()
    shown = true() if sight.everything else or_(hers, managed)
    clinic_ids = select(func.array_agg(AFFILIATIONS.c.clinic_id)).where(here, shown).scalar_subquery()
    query: Select[Any] = select(DOCTORS.c.id, func.coalesce(clinic_ids, NO_IDS).label("clinic_ids")).where(
        DOCTORS.c.id == one_of_ids("keys")
    )
    if not sight.everything:
        query = query.where(or_(hers, exists(select(AFFILIATIONS.c.doctor_id).where(here, managed))))
    return compile_statement(query)


@lru_cache
def _clinics(sight: Sight) -> Statement:
    seen = true() if sight.everything else (manages(CLINICS.c.id) if sight.as_staff else false())
    return compile_statement(select(CLINICS.c.id).where(CLINICS.c.id == one_of_ids("keys"), seen))
