"""The first rows in time of many parents: some of them say by when a page is full, so later rows are not looked at.

To sort all rows that match is slow where many do, and to go through the rows of everybody in their order is slow where
few do. The plan is the same for all values, so PostgreSQL need not make one each time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    any_,
    cast,
    func,
    literal_column,
    select,
    true,
)

IDS = ARRAY(BigInteger)
ASKED: ColumnElement[Any] = literal_column("5.0")
"""Times the square root of the number of parents are asked: the more are, the nearer is the horizon of all."""


@dataclass(frozen=True, eq=False)
class Horizon:
    """The time by which the first rows have come whose `parent` is one of `candidates`.

    `source` is read instead of the list's own; `instead_of` are the conditions that are true of all rows for which this
    and `where` are.
    """

    source: FromClause
    time: ColumnElement[datetime]
    parent: ColumnElement[int]
    candidates: Select[tuple[int]]
    instead_of: frozenset[str]
    where: tuple[ColumnElement[bool], ...] = ()


def array_of(query: Select[tuple[int]], name: str) -> ColumnElement[Any]:
    """The ids that `query` finds, as an array that is made once for the statement."""
    made = select(func.array(query.scalar_subquery(), type_=IDS).label("ids")).cte(name)
    return cast(select(made.c.ids).scalar_subquery(), IDS)


def within_horizon(query: Select[Any], horizon: Horizon, rows: int) -> Select[Any]:
    """Those of the query's rows that may be among the first `rows` in time."""
    query = query.where(*horizon.where)
    candidates = array_of(horizon.candidates, "candidates")
    number = func.cardinality(candidates)
    some = func.least(number, cast(func.ceil(ASKED * func.sqrt(number)), Integer))
    asked = func.unnest(func.trim_array(candidates, number - some)).table_valued("id", name="asked").render_derived()
    # So many of each that together they have a page and as much again.
    each = 1 + func.round(literal_column(str(2.0 * rows)) / func.greatest(some, literal_column("1")))
    first = (
        query.with_only_columns(horizon.time.label("time"))
        .where(horizon.parent == asked.c.id)
        .order_by(horizon.time)
        .limit(func.least(each, literal_column(str(rows))))
        .lateral("first")
    )
    full = (
        select(first.c.time)
        .select_from(asked.join(first, true()))
        .order_by(first.c.time)
        .offset(literal_column(str(rows - 1)))
        .limit(literal_column("1"))
    )
    until = func.coalesce(full.scalar_subquery(), literal_column("'infinity'::timestamptz"))
    return query.where(horizon.parent == any_(candidates), horizon.time <= until)
