"""How long before the visit it was booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from asyncpg import Record
from sqlalchemy import select

from loaders.dashboards.scopes import Scope
from loaders.dashboards.sums import CHANGES, ZERO, both, by_scope, folded, given, keeps_seat, not_folded, total
from loaders.loader import Loader
from models import RollUpLeadTime
from models.base import Base
from models.rollups import WIDE_SPANS
from models.statement import Statement, compile_statement

LEAD_TIMES = Base.metadata.tables[RollUpLeadTime.__tablename__]


class LeadDaysRow(Record):
    __slots__ = ()


@dataclass(frozen=True)
class LeadTimes:
    """Appointments by whole days, fewest first, and how many there are."""

    histogram: Sequence[LeadDaysRow]
    appointments: int

    @property
    def median_days(self) -> float | None:
        """The middle one; of two in the middle their mean; None without any."""
        if self.appointments == 0:
            return None
        return (self._at((self.appointments - 1) // 2) + self._at(self.appointments // 2)) / 2

    def _at(self, place: int) -> int:
        """The lead time at a place of all, in order."""
        for row in self.histogram:
            place -= row["appointments"]
            if place < 0:
                days: int = row["lead_days"]
                return days
        raise IndexError(place)


class LeadTimesOfScope(Loader[Scope, LeadTimes]):
    async def read(self, keys: list[Scope]) -> Mapping[Scope, LeadTimes]:
        rows = await self.reads.fetch(_lead_times(), LeadDaysRow, given(keys, WIDE_SPANS))
        return by_scope(keys, rows, lambda those: LeadTimes(those, sum(row["appointments"] for row in those)))


@lru_cache
def _lead_times() -> Statement:
    rows = both(
        folded(LEAD_TIMES, LEAD_TIMES.c.lead_days, LEAD_TIMES.c.appointments),
        not_folded(CHANGES.c.lead_days, CHANGES.c.appointments).where(keeps_seat()),
    )
    appointments = total(rows.c.appointments)
    return compile_statement(
        select(rows.c.key, rows.c.lead_days, appointments.label("appointments"))
        .group_by(rows.c.key, rows.c.lead_days)
        .having(appointments != ZERO)
        .order_by(rows.c.key, rows.c.lead_days)
    )
