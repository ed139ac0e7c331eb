"""Lists that grow: keyset pages of a table, for the root or for each of many parents, in one statement."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, ClassVar

import orjson
from asyncpg import Record
from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.base import ColumnCollection
from sqlalchemy.types import TypeEngine

from auth.viewer import Sight
from loaders.entities import Entity
from loaders.horizons import Horizon, within_horizon
from loaders.loader import Loader
from loaders.reads import Reads
from loaders.row_shapes import RowShape, joined
from models.statement import Statement, compile_statement, ids, parameter

Condition = Callable[[], ColumnElement[bool]]
Belongs = Callable[[ColumnElement[int]], ColumnElement[bool]]
Filter = tuple[tuple[str, tuple[tuple[str, Hashable], ...]], ...]
"""The conditions that are asked for, each with the parameters it takes."""

ROOT = 0
"""The key of a list that has no parent."""


class CursorError(ValueError):
    """A cursor that this list did not give."""


@dataclass(frozen=True, eq=False)
class Order:
    """A total order: the last column is unique. `name` marks the cursors, so that no other order reads them."""

    name: str
    columns: tuple[ColumnElement[Any], ...]
    descending: bool = False

    def cursor(self, row: Record) -> str:
        """An opaque text from which the list goes on after this row."""
        keys = [row[f"key_{index}"] for index in range(len(self.columns))]
        return urlsafe_b64encode(orjson.dumps([self.name, *keys])).decode().rstrip("=")

    def position(self, cursor: str) -> tuple[Any, ...]:
        """What `cursor` wrote. Raises CursorError for anything else."""
        try:
            name, *keys = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if name != self.name or len(keys) != len(self.columns):
                raise CursorError("the cursor belongs to another list or order")
            return tuple(_key(column.type, key) for column, key in zip(self.columns, keys, strict=True))
        except (ValueError, TypeError) as error:
            raise CursorError("the cursor is not one that this list gave") from error


def _key(type_: TypeEngine[Any], key: object) -> object:
    if isinstance(type_, DateTime) and isinstance(key, str):
        instant = datetime.fromisoformat(key)
        if instant.tzinfo is None:
            raise ValueError("an instant without zone")
        return instant
    expected = type_.python_type
    if type(key) is not expected or expected in (datetime, date):
        raise TypeError(f"{expected.__name__} expected")
    if isinstance(key, int) and not -(2**63) <= key < 2**63:
        raise ValueError("out of range")
    if isinstance(key, str) and "\0" in key:
        raise ValueError("a NUL character")
    return key


class Edge:
    """A row and its place in a page."""

    __slots__ = ("_order", "node")

    def __init__(self, node: Record, order: Order) -> None:
        self.node = node
        self._order = order

    @property
    def cursor(self) -> str:
        return self._order.cursor(self.node)


class Page:
    """Some rows of a list, in order, and whether there are more on either side."""

    __slots__ = ("_order", "has_next", "has_previous", "rows")

    def __init__(self, rows: Sequence[Record], order: Order, *, has_next: bool, has_previous: bool) -> None:
        self.rows = rows
        self.has_next = has_next
        self.has_previous = has_previous
        self._order = order

    @property
    def edges(self) -> list[Edge]:
        order = self._order
        return [Edge(row, order) for row in self.rows]

    @property
    def start_cursor(self) -> str | None:
        return self._order.cursor(self.rows[0]) if self.rows else None

    @property
    def end_cursor(self) -> str | None:
        return self._order.cursor(self.rows[-1]) if self.rows else None


class Pages(Loader[int, Page]):
    """Pages of one entity. A subclass is data: where it reads from, and what it can be asked.

    source      has the entity's table in it, joined to whatever conditions and orders need
    always      holds for all of them
    conditions  what a `Filter` may name
    parents     which rows are a parent's
    spreads     conditions that list distinct ids of such parents: answered from the pages of each
    visible_if  conditions that let through only what everybody may see: visibility need not be checked
    steady      conditions that let through a like share of the rows whatever their values: a list with no others is
                not planned for them
    horizon     for some conditions: how the first rows are found without sorting all that match
    """

    entity: ClassVar[Entity]
    source: ClassVar[FromClause]
    conditions: ClassVar[Mapping[str, Condition]]
    parents: ClassVar[Mapping[str, Belongs]] = {}
    spreads: ClassVar[Mapping[str, str]] = {}
    always: ClassVar[ColumnElement[bool]] = true()
    visible_if: ClassVar[frozenset[str]] = frozenset()
    steady: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def horizon(cls, conditions: tuple[str, ...]) -> Horizon | None:  # noqa: ARG003 - for none
        return None

    def __init__(
        self, reads: Reads, parent: str | None, order: Order, filter: Filter, first: int, after: str | None
    ) -> None:
        super().__init__(reads)
        self._parent = parent
        self._order = order
        self._first = first
        pages: Any = type(self)
        self._shape = reads.shape(self.entity)
        names = tuple(name for name, _ in filter)
        self._statement = _page_statement(
            pages, parent, order, names, after is not None, first, reads.sight, self._shape
        )
        self._values: dict[str, object] = dict(pair for _, parameters in filter for pair in parameters)
        if after is not None:
            self._values |= {f"after_{index}": key for index, key in enumerate(order.position(after))}
        self._has_previous = after is not None

    async def read(self, keys: list[int]) -> Mapping[int, Page]:
        values = self._values if self._parent is None else {**self._values, "keys": keys}
        rows = await self.reads.fetch(self._statement, self._shape.row, values, self._shape.patients)
        if self._parent is None:
            return {ROOT: self._page(rows)}
        groups: dict[int, list[Record]] = {key: [] for key in keys}
        for row in rows:
            groups[row["parent_id"]].append(row)
        return {key: self._page(group) for key, group in groups.items()}

    def _page(self, rows: Sequence[Record]) -> Page:
        first = self._first
        return Page(rows[:first], self._order, has_next=len(rows) > first, has_previous=self._has_previous)


@lru_cache(maxsize=2048)
def _page_statement(
    pages: type[Pages],
    parent: str | None,
    order: Order,
    conditions: tuple[str, ...],
    after: bool,
    first: int,
    sight: Sight,
    shape: RowShape,
) -> Statement:
    spread = next((name for name in conditions if name in pages.spreads), None) if parent is None else None
    horizon = pages.horizon(conditions) if parent is None and spread is None else None
    assert horizon is None or (order.columns[0] is horizon.time and not order.descending), "a horizon is one of time"
    met = {spread} if horizon is None else horizon.instead_of
    query = (
        select(*pages.entity.shown(sight, shape.wanted))
        .select_from(pages.source if horizon is None else horizon.source)
        .where(pages.always, *(pages.conditions[name]() for name in conditions if name not in met))
        .add_columns(*(column.label(f"key_{index}") for index, column in enumerate(order.columns)))
    )
    if pages.visible_if.isdisjoint(conditions):
        query = query.where(pages.entity.visible(sight))
    if after:
        query = query.where(_beyond(order))
    if horizon is not None:
        query = within_horizon(query, horizon, first + 1)
    query = _first(query, order.columns, order, first + 1)
    if parent is not None:
        query = _of_each(query, pages.parents[parent], "keys")
    elif spread is not None:
        query = _of_each(query, pages.parents[pages.spreads[spread]], spread)
        query = _first(query, _keys(query.selected_columns, order), order, first + 1)
    if shape.joins:
        query = _with_joins(query, order, shape, sight)
    varying = not pages.steady.issuperset(conditions) if conditions else after or not sight.everything
    # Below a horizon one plan is good for all values.
    return compile_statement(query, filtered=parent is None and horizon is None and varying)


def _with_joins(query: Select[Any], order: Order, shape: RowShape, sight: Sight) -> Select[Any]:
    """The pages with what their rows are joined to, each page still in order."""
    page = query.subquery("pages")
    source, columns = joined(page, shape, sight)
    return select(*page.c, *columns).select_from(source).order_by(*_in_order(_keys(page.c, order), order))


def _keys(columns: ColumnCollection[str, Any], order: Order) -> list[ColumnElement[Any]]:
    return [columns[f"key_{index}"] for index in range(len(order.columns))]


def _first(query: Select[Any], columns: Sequence[ColumnElement[Any]], order: Order, rows: int) -> Select[Any]:
    # The limit stands in the text: for a parameter PostgreSQL's generic plan would count on a tenth of the table, and
    # sort it all.
    return query.order_by(*_in_order(columns, order)).limit(literal_column(str(rows)))


def _in_order(columns: Sequence[ColumnElement[Any]], order: Order) -> list[ColumnElement[Any]]:
    return [column.desc() if order.descending else column for column in columns]


def _of_each(query: Select[Any], belongs: Belongs, name: str) -> Select[Any]:
    """The query for each parent of the parameter called `name`, which takes its own page from the index.

    Rows of one parent stay together and in order, because a lateral subquery with a LIMIT is run once per parent.
    """
    parents = func.unnest(ids(name)).table_valued("id", name="parent").render_derived()
    page = query.where(belongs(parents.c.id)).lateral("page")
    return select(*page.c, parents.c.id.label("parent_id")).select_from(parents.join(page, true()))


def _beyond(order: Order) -> ColumnElement[bool]:
    here = tuple_(*order.columns)
    last = tuple_(*(parameter(f"after_{index}", column.type) for index, column in enumerate(order.columns)))
    return here < last if order.descending else here > last
