"""What cancelling would cost."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from asyncpg import Record
from sqlalchemy import Table, select

from auth.viewer import Sight
from auth.visibility import NOW
from loaders.entities import APPOINTMENT, CLINIC
from loaders.loader import Loader
from models import ClinicPolicy
from models.statement import Statement, compile_statement, one_of_ids

APPOINTMENTS, CLINICS, POLICIES = APPOINTMENT.table, CLINIC.table, cast("Table", ClinicPolicy.__table__)


class QuoteRow(Record):
    __slots__ = ()


class QuoteOfAppointment(Loader[int, Any]):
    """A visible appointment's state and start, the policy that it was booked under, the clinic's currency, and now."""

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        rows = await self.reads.fetch(_quotes(self.reads.sight), QuoteRow, {"keys": keys})
        return {row["appointment_id"]: row for row in rows}


@lru_cache(maxsize=64)
def _quotes(sight: Sight) -> Statement:
    source = APPOINTMENTS.join(CLINICS, CLINICS.c.id == APPOINTMENTS.c.clinic_id).outerjoin(
        POLICIES, POLICIES.c.id == APPOINTMENTS.c.policy_id
    )
    policy = [column for column in POLICIES.c if column.name not in ("id", "clinic_id", "version")]
    query = select(
        APPOINTMENTS.c.id.label("appointment_id"),
        APPOINTMENTS.c.patient_id,
        APPOINTMENTS.c.policy_id,
        APPOINTMENTS.c.status,
        APPOINTMENTS.c.starts_at,
        CLINICS.c.currency,
        NOW.label("now"),
        *policy,
    ).select_from(source)
    return compile_statement(query.where(APPOINTMENT.visible(sight), APPOINTMENTS.c.id == one_of_ids("keys")))
