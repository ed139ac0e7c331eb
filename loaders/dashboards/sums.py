"""How figures are read: what the spans of a range add up to, and what is not folded yet.

A statement is asked for many scopes at once, numbered by `key`. PostgreSQL looks every span of every scope up in the
primary key of a roll-up table; how much history there is makes no difference.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    SmallInteger,
    Subquery,
    Table,
    and_,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import TypeEngine

from loaders.dashboards.scopes import Scope
from models import RollUpChange
from models.base import Base
from models.enums import FREES_SEAT, AppointmentStatus
from models.rollups import ALL
from models.statement import parameter

CHANGES = Base.metadata.tables[RollUpChange.__tablename__]
ZERO: ColumnElement[int] = literal_column("0", BigInteger())
EVERY: ColumnElement[int] = literal_column(str(ALL), BigInteger())


def _given(name: str, **columns: TypeEngine[Any]) -> FromClause:
    arrays = (parameter(f"{name}_{column}", ARRAY(type_)) for column, type_ in columns.items())
    named = (column(each, type_) for each, type_ in columns.items())
    return func.unnest(*arrays).table_valued(*named, name=name).render_derived()


SCOPES = _given("scope", key=Integer(), doctor_id=BigInteger(), clinic_id=BigInteger())
SPANS = _given("span", key=Integer(), days=SmallInteger(), first_day=Date())
RANGES = _given("range", key=Integer(), first=Date(), last=Date())


def given(scopes: Sequence[Scope], lengths: Sequence[int]) -> dict[str, object]:
    """The values of the parameters of SCOPES, SPANS and RANGES."""
    places = [(key, scope.doctor_id, clinic) for key, scope in enumerate(scopes) for clinic in scope.clinic_ids]
    spans = [(key, *span) for key, scope in enumerate(scopes) for span in scope.spans(lengths)]
    ranges = [(key, scope.first, scope.last) for key, scope in enumerate(scopes)]
    return {
        **_columns("scope", ("key", "doctor_id", "clinic_id"), places),
        **_columns("span", ("key", "days", "first_day"), spans),
        **_columns("range", ("key", "first", "last"), ranges),
    }


def _columns(name: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> dict[str, object]:
    return {f"{name}_{column}": [row[number] for row in rows] for number, column in enumerate(columns)}


def folded(table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    """The rows of a roll-up table that make up the scopes, with their `key`.

    The OFFSET keeps PostgreSQL from anything but a look-up for each span: it cannot know how few there are.
    """
    here = (
        table.c.doctor_id == SCOPES.c.doctor_id,
        table.c.clinic_id == SCOPES.c.clinic_id,
        table.c.days == SPANS.c.days,
        table.c.first_day == SPANS.c.first_day,
    )
    found = select(*columns).where(*here).offset(ZERO).lateral("found")
    return select(SCOPES.c.key, *found.c).select_from(
        SCOPES.join(SPANS, SPANS.c.key == SCOPES.c.key).join(found, true())
    )


def not_folded(*columns: ColumnElement[Any]) -> Select[Any]:
    """The changes of the scopes that stand beside the roll-up tables, with their `key`."""
    here = and_(
        or_(SCOPES.c.doctor_id == EVERY, SCOPES.c.doctor_id == CHANGES.c.doctor_id),
        or_(SCOPES.c.clinic_id == EVERY, SCOPES.c.clinic_id == CHANGES.c.clinic_id),
    )
    joined = SCOPES.join(RANGES, RANGES.c.key == SCOPES.c.key).join(CHANGES, here)
    in_range = CHANGES.c.day.between(RANGES.c.first, RANGES.c.last)
    return select(SCOPES.c.key, *columns).select_from(joined).where(in_range)


def both(first: Select[Any], second: Select[Any]) -> Subquery:
    return union_all(first, second).subquery("rows")


def total(amount: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum that reaches Python as an int."""
    return sql_cast(func.coalesce(func.sum(amount), ZERO), BigInteger)


def literally(status: AppointmentStatus) -> ColumnElement[Any]:
    """In the text, as there are many of them: nothing to plan for or to send."""
    return literal_column(f"'{status.value}'", CHANGES.c.status.type)


def keeps_seat() -> ColumnElement[bool]:
    """Whether a change is one of appointments that keep their seat."""
    return CHANGES.c.status.not_in([literally(status) for status in sorted(FREES_SEAT)])


def by_scope(scopes: Sequence[Scope], rows: Sequence[Any], make: Callable[[list[Any]], Any]) -> Mapping[Scope, Any]:
    """For each scope what `make` makes of its rows."""
    groups: list[list[Any]] = [[] for _ in scopes]
    for row in rows:
        groups[row["key"]].append(row)
    return dict(zip(scopes, map(make, groups), strict=True))
