"""The first rows in time of many lists: some say by when a page is full, and nothing later is looked at.

Those that may have rows soonest are asked for that, and then all that may have some by that time.

To sort all rows that match is slow where many do, and to go through the rows of everybody in their order is slow where
few do. The plan is the same for all values, so PostgreSQL need not make one each time.
"""

from collections.abc import Callable
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
    case,
    cast,
    extract,
    func,
    literal_column,
    select,
    true,
)

from models.affiliation_triggers import PART_SECONDS, PARTS

IDS = ARRAY(BigInteger)
ASKED, ASKED_SOONEST = 5, 2
"""Times the square root of the number of lists are asked: the more are, the nearer is the horizon of all."""
LATEST: ColumnElement[datetime] = literal_column("'9999-01-01Z'::timestamptz")
"""Instants after it, of which the last one is infinity, are in no part of a week."""
ALL_PARTS, AFTER_ALL = (1 << PARTS) - 1, 1 << PARTS


@dataclass(frozen=True, eq=False)
class Horizon:
    """The time by which the first rows have come of many lists.

    source      is read instead of the list's own
    time        by which the rows are ordered, none before `since`
    lists       a row for each; `parts`, if it has it, are those of a week in which the list may have rows, as bits
    belongs     which rows are a list's
    where       what is true of all rows that count
    surely      what is cheaper to ask, and true of most of them and of no other: enough to say when a page is full
    instead_of  names the conditions that are true of all rows for which these are
    """

    source: FromClause
    time: ColumnElement[datetime]
    since: ColumnElement[datetime]
    lists: Select[Any]
    belongs: Callable[[FromClause], ColumnElement[bool]]
    where: ColumnElement[bool]
    surely: ColumnElement[bool]
    instead_of: frozenset[str]


def array_of(query: Select[tuple[int]], name: str) -> ColumnElement[Any]:
    """The ids that `query` finds, as an array that is made once for the statement."""
    made = select(func.array(query.scalar_subquery(), type_=IDS).label("ids")).cte(name)
    return cast(select(made.c.ids).scalar_subquery(), IDS)


def within_horizon(query: Select[Any], horizon: Horizon, rows: int) -> Select[Any]:
    """Those of the query's rows that may be among the first `rows` in time."""
    lists = horizon.lists.subquery("found")
    part = select(_part(func.least(horizon.since, LATEST)).label("part")).subquery("now")
    passed = cast(part.c.part % _fixed(PARTS), Integer)
    since = select(part.c.part, passed.label("passed"), (_fixed(PARTS) - passed).label("left")).cte("since")
    soonest = _soonest(lists.c.parts, since) if "parts" in lists.c else _fixed(0)
    candidates = select(lists, soonest.label("soonest")).cte("candidates")
    full = _full(query, horizon, candidates, rows).cte("full_page")
    ahead = _part(full.c.time) - _of(since.c.part)
    # As `soonest` of what has its first row then; all, if no page is full within a week.
    last = case(
        (ahead < _fixed(PARTS), literal_column("1::bigint").bitwise_lshift(cast(ahead, Integer))),
        else_=_fixed(AFTER_ALL),
    )
    until = func.coalesce(_of(full.c.time), literal_column("'infinity'::timestamptz"))
    return (
        query.select_from(candidates)
        .where(horizon.where, horizon.belongs(candidates), horizon.time <= until)
        .where(candidates.c.soonest <= select(last).select_from(full).scalar_subquery())
    )


def _full(query: Select[Any], horizon: Horizon, candidates: FromClause, rows: int) -> Select[tuple[datetime]]:
    """The time by which there are `rows` of them for sure, as one row; null if those who are asked have fewer."""
    times = ASKED_SOONEST if "parts" in candidates.c else ASKED
    some = func.ceil(_fixed(times) * func.sqrt(func.count()))
    # So many of each that together they have a page and twice as much again, as not all have any.
    each = func.least(_fixed(1) + func.ceil(_fixed(3 * rows) / func.greatest(some, _fixed(1))), _fixed(rows))
    asked = select(cast(some, Integer).label("lists"), cast(each, Integer).label("rows"))
    asked_of = asked.select_from(candidates).cte("asked")
    first_lists = select(candidates).order_by(candidates.c.soonest).limit(_of(asked_of.c.lists)).subquery("soon")
    first = (
        query.with_only_columns(horizon.time.label("time"))
        .where(horizon.surely, horizon.belongs(first_lists))
        .order_by(horizon.time)
        .limit(_of(asked_of.c.rows))
        .lateral("first")
    )
    last_of_page = (
        select(first.c.time)
        .select_from(first_lists.join(first, true()))
        .order_by(first.c.time)
        .offset(_fixed(rows - 1))
        .limit(_fixed(1))
    )
    return select(last_of_page.scalar_subquery().label("time"))


def _part(instant: ColumnElement[Any]) -> ColumnElement[int]:
    """How many parts of a week there were from the epoch to an instant."""
    return cast(func.floor(extract("epoch", instant) / _fixed(PART_SECONDS)), BigInteger)


def _soonest(parts: ColumnElement[int], since: FromClause) -> ColumnElement[int]:
    """Two to the number of parts from then to the first of them; 0 if there is none."""
    turned = parts.bitwise_rshift(_of(since.c.passed)).bitwise_or(parts.bitwise_lshift(_of(since.c.left)))
    ahead = turned.bitwise_and(_fixed(ALL_PARTS))
    return ahead.bitwise_and(-ahead)


def _fixed(number: int) -> ColumnElement[Any]:
    """In the text: a parameter's value the plan would not know."""
    return literal_column(str(number))


def _of(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column of a table of one row."""
    return select(column).scalar_subquery()
