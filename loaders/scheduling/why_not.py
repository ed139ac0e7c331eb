"""What keeps a time from being booked: a doctor, a clinic, her slots and her hours then."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from asyncpg import Record
from sqlalchemy import BigInteger, Date, Table, exists, func, select, true
from sqlalchemy import cast as sql_cast

from auth import visibility
from auth.viewer import Sight
from auth.visibility import NOW
from loaders.entities import AVAILABILITY_EXCEPTION, AVAILABILITY_TEMPLATE, CLINIC, DOCTOR
from loaders.loader import Loader
from models import Appointment, ClinicClosure, ClinicPolicy, DoctorClinic, DoctorDay
from models.base import Instant
from models.statement import Statement, compile_statement, parameter

Key = tuple[int, int, datetime]
"""A doctor's id, a clinic's id, and when a slot would begin."""

DOCTORS, CLINICS = DOCTOR.table, CLINIC.table
AFFILIATIONS, CLOSURES = cast("Table", DoctorClinic.__table__), cast("Table", ClinicClosure.__table__)
POLICIES, DAYS = cast("Table", ClinicPolicy.__table__), cast("Table", DoctorDay.__table__)
APPOINTMENTS = cast("Table", Appointment.__table__)
TEMPLATES, EXCEPTIONS = AVAILABILITY_TEMPLATE.table, AVAILABILITY_EXCEPTION.table

# No slot with its buffer lasts longer than half a day, and no zone is further than a day from UTC.
LONGEST_BLOCK = timedelta(hours=12)
ONE_DAY = timedelta(days=1)

SLOTS_AROUND = Statement(
    text="""
SELECT s.id, s.clinic_id, s.starts_at, s.blocked_until, s.is_active, s.capacity,
       s.booked_count - s.unpaid_count + u.n AS booked, h.n AS held, u.n AS unpaid,
       h.first AS held_until, u.first AS unpaid_until
FROM slots s
CROSS JOIN LATERAL (
  SELECT count(*) AS n, min(expires_at) AS first FROM holds
  WHERE slot_id = s.id AND released_at IS NULL AND expires_at > $5) h
CROSS JOIN LATERAL (
  SELECT count(*) AS n, min(pay_by) AS first FROM appointments
  WHERE slot_id = s.id AND awaits_payment AND pay_by > $5) u
WHERE s.doctor_id = $1 AND s.starts_at > $2 AND s.starts_at < $3 AND s.blocked_until > $4
ORDER BY s.starts_at, s.id
""",
    order=("doctor_id", "earliest", "latest", "start", "now"),
    constants={},
    id_lists=frozenset(),
    filtered=False,
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`about` says what is so of the doctor, the clinic and the day; the others are rows of their tables."""

    about: Record
    slots: Sequence[Record]
    templates: Sequence[Record]
    exceptions: Sequence[Record]


class CircumstancesOfTime(Loader[Key, Any]):
    """Circumstances; None where the doctor's schedule at the clinic is not the viewer's to see. Four statements each.

    Where the doctor does not work nothing is read of her time.

    Only root fields ask, so keys are few, and each is asked by itself.
    """

    async def read(self, keys: list[Key]) -> Mapping[Key, Any]:
        return {key: found for key in keys if (found := await self._read(*key)) is not None}

    async def _read(self, doctor_id: int, clinic_id: int, start: datetime) -> Circumstances | None:
        fetch, sight = self.reads.fetch, self.reads.sight
        values = {"doctor_id": doctor_id, "clinic_id": clinic_id, "start": start}
        about = await fetch(_about(sight), Record, values)
        if not about:
            return None
        if not about[0]["is_affiliated"]:
            return Circumstances(about[0], (), (), ())
        days = {"first_day": (start - ONE_DAY).date(), "last_day": (start + ONE_DAY).date()}
        times = {"earliest": start - LONGEST_BLOCK, "latest": start + LONGEST_BLOCK}
        slots, templates, exceptions = await asyncio.gather(
            fetch(SLOTS_AROUND, Record, {**values, **times}),
            fetch(_templates(sight), Record, values),
            fetch(_exceptions(sight), Record, {**values, **days}),
        )
        return Circumstances(about[0], slots, templates, exceptions)


@lru_cache(maxsize=64)
def _about(sight: Sight) -> Statement:
    doctor_id, clinic_id = parameter("doctor_id", BigInteger()), parameter("clinic_id", BigInteger())
    day = sql_cast(func.timezone(CLINICS.c.time_zone, parameter("start", Instant)), Date)
    works = (AFFILIATIONS.c.doctor_id == DOCTORS.c.id) & (AFFILIATIONS.c.clinic_id == CLINICS.c.id)
    now = AFFILIATIONS.c.ended_at.is_(None) | (AFFILIATIONS.c.ended_at > NOW)
    policy = select(POLICIES.c.notice_to_book).where(POLICIES.c.clinic_id == CLINICS.c.id)
    booked = select(DAYS.c.booked_count).where(DAYS.c.doctor_id == DOCTORS.c.id, DAYS.c.day == day)
    lapsed = select(func.count()).where(
        APPOINTMENTS.c.doctor_id == DOCTORS.c.id,
        APPOINTMENTS.c.local_day == day,
        APPOINTMENTS.c.awaits_payment,
        APPOINTMENTS.c.pay_by <= NOW,
        ~APPOINTMENTS.c.is_override,
    )
    query = select(
        DOCTORS.c.status,
        DOCTORS.c.licence_expires_on,
        DOCTORS.c.daily_patient_limit,
        CLINICS.c.is_active,
        CLINICS.c.time_zone,
        exists(select(AFFILIATIONS.c.doctor_id).where(works, now)).label("is_affiliated"),
        exists(select(CLOSURES.c.day).where(CLOSURES.c.clinic_id == CLINICS.c.id, CLOSURES.c.day == day)).label(
            "is_closed"
        ),
        policy.order_by(POLICIES.c.version.desc()).limit(1).scalar_subquery().label("notice_to_book"),
        booked.scalar_subquery().label("booked"),
        lapsed.scalar_subquery().label("lapsed"),
    ).select_from(DOCTORS.join(CLINICS, true()))
    return compile_statement(
        query.where(
            DOCTORS.c.id == doctor_id,
            CLINICS.c.id == clinic_id,
            visibility.schedules(DOCTORS.c.id, CLINICS.c.id, sight),
            visibility.doctors(DOCTORS, sight),
        )
    )


@lru_cache(maxsize=64)
def _templates(sight: Sight) -> Statement:
    query = AVAILABILITY_TEMPLATE.select(sight, AVAILABILITY_TEMPLATE.names)
    hers = TEMPLATES.c.doctor_id == parameter("doctor_id", BigInteger())
    return compile_statement(query.where(hers, TEMPLATES.c.clinic_id == parameter("clinic_id", BigInteger())))


@lru_cache(maxsize=64)
def _exceptions(sight: Sight) -> Statement:
    query = AVAILABILITY_EXCEPTION.select(sight, AVAILABILITY_EXCEPTION.names)
    days = EXCEPTIONS.c.day.between(parameter("first_day", Date()), parameter("last_day", Date()))
    return compile_statement(query.where(EXCEPTIONS.c.doctor_id == parameter("doctor_id", BigInteger()), days))
