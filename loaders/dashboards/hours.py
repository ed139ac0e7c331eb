"""At which hours of the week there is how much to do."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import SmallInteger, extract, select
from sqlalchemy import cast as sql_cast

from loaders.dashboards.scopes import Scope
from loaders.dashboards.sums import CHANGES, ZERO, both, by_scope, folded, given, keeps_seat, not_folded, total
from loaders.loader import Loader
from models import RollUpHour
from models.base import Base
from models.rollups import WIDE_SPANS
from models.statement import Statement, compile_statement

HOURS = Base.metadata.tables[RollUpHour.__tablename__]


class HourRow(Record):
    __slots__ = ()


class HoursOfScope(Loader[Scope, Any]):
    """Appointments that keep their seat, by weekday and hour, Monday first; hours without any are left out.

    Of all doctors of clinics: there are no such figures of one doctor.
    """

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        return by_scope(keys, await self.reads.fetch(_hours(), HourRow, given(keys, WIDE_SPANS)), list)


@lru_cache
def _hours() -> Statement:
    weekday = sql_cast(extract("isodow", CHANGES.c.day), SmallInteger).label("weekday")
    rows = both(
        folded(HOURS, HOURS.c.weekday, HOURS.c.hour, HOURS.c.appointments),
        not_folded(weekday, CHANGES.c.hour, CHANGES.c.appointments).where(keeps_seat()),
    )
    cell = (rows.c.key, rows.c.weekday, rows.c.hour)
    appointments = total(rows.c.appointments)
    return compile_statement(
        select(*cell, appointments.label("appointments")).group_by(*cell).having(appointments != ZERO).order_by(*cell)
    )
