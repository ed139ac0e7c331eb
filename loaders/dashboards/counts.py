"""Counts of a scope: seats, appointments by status, first visits."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import ColumnElement, and_, case, select

from loaders.dashboards.scopes import Scope
from loaders.dashboards.sums import CHANGES, RANGES, ZERO, both, folded, given, keeps_seat, literally, not_folded, total
from loaders.loader import Loader
from models import RollUpCount
from models.base import Base
from models.enums import AppointmentStatus
from models.rollups import SPANS
from models.statement import Statement, compile_statement

COUNTS = Base.metadata.tables[RollUpCount.__tablename__]


class CountsRow(Record):
    __slots__ = ()


CHANGED: dict[str, ColumnElement[Any]] = {
    "offered": CHANGES.c.offered,
    **{
        status.lower(): case((CHANGES.c.status == literally(status), CHANGES.c.appointments), else_=ZERO)
        for status in AppointmentStatus
    },
    "first_visits": case((and_(CHANGES.c.is_first_visit, keeps_seat()), CHANGES.c.appointments), else_=ZERO),
    "freed": CHANGES.c.freed,
    "refilled": CHANGES.c.refilled,
}
"""What a change adds to each count."""


class CountsOfScope(Loader[Scope, Any]):
    """All counts of a scope in one row; zeros where nothing was."""

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        rows = await self.reads.fetch(_counts(), CountsRow, given(keys, SPANS))
        return {keys[row["key"]]: row for row in rows}


@lru_cache
def _counts() -> Statement:
    rows = both(
        folded(COUNTS, *(COUNTS.c[name] for name in CHANGED)),
        not_folded(*(changed.label(name) for name, changed in CHANGED.items())),
    )
    return compile_statement(
        select(RANGES.c.key, *(total(rows.c[name]).label(name) for name in CHANGED))
        .select_from(RANGES.outerjoin(rows, rows.c.key == RANGES.c.key))
        .group_by(RANGES.c.key)
    )
