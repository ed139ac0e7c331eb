"""Money captured and refunded."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from asyncpg import Record
from sqlalchemy import or_, select

from loaders.dashboards.scopes import Scope
from loaders.dashboards.sums import CHANGES, ZERO, both, by_scope, folded, given, not_folded, total
from loaders.loader import Loader
from models import RollUpRevenue
from models.base import Base
from models.rollups import SPANS
from models.statement import Statement, compile_statement

REVENUE = Base.metadata.tables[RollUpRevenue.__tablename__]


class RevenueRow(Record):
    __slots__ = ()


class RevenueOfScope(Loader[Scope, Any]):
    """Sums of the whole range, one row for each currency, by its code."""

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        rows = await self.reads.fetch(_revenue(by_day=False), RevenueRow, given(keys, SPANS))
        return by_scope(keys, rows, list)


class RevenueByDayOfScope(Loader[Scope, Any]):
    """Sums by day and currency, in this order; days without any are left out."""

    async def read(self, keys: list[Scope]) -> Mapping[Scope, Any]:
        rows = await self.reads.fetch(_revenue(by_day=True), RevenueRow, given(keys, (1,)))
        return by_scope(keys, rows, list)


@lru_cache
def _revenue(*, by_day: bool) -> Statement:
    amounts = ("captured_minor", "refunded_minor")
    rows = both(
        folded(REVENUE, REVENUE.c.first_day.label("day"), REVENUE.c.currency, *(REVENUE.c[name] for name in amounts)),
        not_folded(CHANGES.c.day, CHANGES.c.currency, *(CHANGES.c[name] for name in amounts)).where(
            CHANGES.c.currency.is_not(None)
        ),
    )
    captured, refunded = (total(rows.c[name]) for name in amounts)
    group = (rows.c.key, *((rows.c.day,) if by_day else ()), rows.c.currency)
    return compile_statement(
        select(
            *group,
            captured.label("captured_minor"),
            refunded.label("refunded_minor"),
            (captured - refunded).label("net_minor"),
        )
        .group_by(*group)
        .having(or_(captured != ZERO, refunded != ZERO))
        .order_by(*group)
    )
