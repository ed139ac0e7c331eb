"""Questions about who works at a clinic without being a doctor."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import or_

from auth.viewer import Sight
from auth.visibility import NOW
from loaders.entities import STAFF_MEMBER, StaffMemberRow
from loaders.identity.users import hers_to_see
from loaders.loader import Loader
from loaders.rows import RowBy, group
from models.statement import Statement, compile_statement, one_of_ids

STAFF = STAFF_MEMBER.table
ONGOING = or_(STAFF.c.ended_at.is_(None), STAFF.c.ended_at > NOW)


class StaffMemberById(RowBy):
    entity = STAFF_MEMBER


class StaffOfClinic(Loader[int, Any]):
    """Who works there now, as far as the viewer may see it; the longest there first."""

    absent: Any = ()

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        statement = _staff_of_clinic(self.reads.sight, self.reads.wanted(STAFF_MEMBER, "clinic_id"))
        return group(await self.reads.fetch(statement, StaffMemberRow, {"keys": keys}), "clinic_id")


class WorkplacesOfUser(Loader[int, Any]):
    """Where a user works now without being a doctor, in the order in which she came: for herself, and for those who may
    see the people who sign in; None for all others."""

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        shown = hers_to_see(self, keys)
        if not shown:
            return {}
        statement = _workplaces_of_user(self.reads.sight, self.reads.wanted(STAFF_MEMBER, "user_id"))
        found = group(await self.reads.fetch(statement, StaffMemberRow, {"keys": shown}), "user_id")
        return {key: found.get(key, ()) for key in shown}


@lru_cache(maxsize=256)
def _staff_of_clinic(sight: Sight, wanted: frozenset[str]) -> Statement:
    here = STAFF.c.clinic_id == one_of_ids("keys")
    return compile_statement(STAFF_MEMBER.select(sight, wanted).where(here, ONGOING).order_by(STAFF.c.id))


@lru_cache(maxsize=256)
def _workplaces_of_user(sight: Sight, wanted: frozenset[str]) -> Statement:
    hers = STAFF.c.user_id == one_of_ids("keys")
    return compile_statement(STAFF_MEMBER.select(sight, wanted).where(hers, ONGOING).order_by(STAFF.c.id))
