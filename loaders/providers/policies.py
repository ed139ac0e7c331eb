"""Questions about the rules that a clinic books by, and the days on which it is closed."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, cast, func
from sqlalchemy.dialects.postgresql import distinct_on

from auth.viewer import Sight
from auth.visibility import NOW
from loaders.entities import CLINIC, CLINIC_POLICY, CLOSING_DAY, ClinicPolicyRow, ClosingDayRow
from loaders.loader import Loader
from loaders.rows import group
from models.statement import Statement, compile_statement, one_of_ids

POLICIES, CLOSURES, CLINICS = CLINIC_POLICY.table, CLOSING_DAY.table, CLINIC.table


class PolicyOfClinic(Loader[int, Any]):
    """The version in force; None where a clinic has none."""

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        statement = _policy(self.reads.sight, self.reads.wanted(CLINIC_POLICY, "clinic_id"))
        rows = await self.reads.fetch(statement, ClinicPolicyRow, {"keys": keys})
        return {row["clinic_id"]: row for row in rows}


class ClosingDaysOfClinic(Loader[int, Any]):
    """The days from the clinic's today on, in order."""

    absent: Any = ()

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        statement = _closing_days(self.reads.sight, self.reads.wanted(CLOSING_DAY))
        return group(await self.reads.fetch(statement, ClosingDayRow, {"keys": keys}), "clinic_id")


@lru_cache(maxsize=256)
def _policy(sight: Sight, wanted: frozenset[str]) -> Statement:
    query = CLINIC_POLICY.select(sight, wanted).where(POLICIES.c.clinic_id == one_of_ids("keys"))
    return compile_statement(
        query.ext(distinct_on(POLICIES.c.clinic_id)).order_by(POLICIES.c.clinic_id, POLICIES.c.version.desc())
    )


@lru_cache(maxsize=256)
def _closing_days(sight: Sight, wanted: frozenset[str]) -> Statement:
    today = cast(func.timezone(CLINICS.c.time_zone, NOW), Date)
    return compile_statement(
        CLOSING_DAY.select(sight, wanted)
        .select_from(CLOSURES.join(CLINICS, CLINICS.c.id == CLOSURES.c.clinic_id))
        .where(CLOSURES.c.clinic_id == one_of_ids("keys"), CLOSURES.c.day >= today)
        .order_by(CLOSURES.c.day)
    )
