"""How loaders reach the database: single statements on pooled connections, counted per request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import compress
from operator import itemgetter
from typing import Any, TypeVar

from asyncpg import Record

from auth.viewer import Viewer
from loaders.connections import Connections
from loaders.entities import Entity
from loaders.row_shapes import Join, Joined, Joins, Patients, RowShape, row_patients, row_shape
from loaders.shared_lookups import Lookup, SharedLookups
from models.statement import Statement

RecordT = TypeVar("RecordT", bound=Record)

MOST_JOINS = 10
"""In one statement; what is asked beyond is left to loaders."""

MOST_SHAPES = 256
"""Of a document: one for each entity and each set of scopes with which it is asked."""


@dataclass(frozen=True)
class Pools:
    """The connections of a process: for mutations `writes`, all others for single statements that read.

    PostgreSQL keeps one plan for what runs on `lookups`, and plans `lists` for their values.

    The one plan of a filtered list guesses how much a filter lets through, and was up to thirty times slower
    (1,000,000 slots); planning each look-up anew would cost it 50 to 1,000 microseconds. Left to choose, PostgreSQL
    planned parts of dashboards anew each time, five times as long as they took.
    """

    lookups: Connections
    lists: Connections
    writes: Connections

    @property
    def by_name(self) -> Mapping[str, Connections]:
        return {"lookups": self.lookups, "lists": self.lists, "writes": self.writes}

    @cached_property
    def shared(self) -> SharedLookups:
        """Look-ups that requests make together."""
        return SharedLookups(self.lookups)


class Asked:
    """What a document asks for: the columns of each row class, and the joins that answer its fields."""

    def __init__(
        self, columns: Mapping[type[Record], frozenset[str]], joins: Mapping[type[Record], Sequence[Join]]
    ) -> None:
        self.columns = columns
        self._joins = joins
        self._shapes: dict[tuple[object, ...], RowShape] = {}

    def wanted(self, entity: Entity, *more: str) -> frozenset[str]:
        """The columns to read of an entity: what is asked, what is always needed, and `more` that the loader needs."""
        return self.columns.get(entity.row, entity.always).union(entity.always, more)

    def shape(self, entity: Entity, more: str | None, viewer: Viewer) -> RowShape:
        """The columns to read of an entity, and all that its rows can bring along for this viewer."""
        key = (entity, more, viewer.scopes, viewer.is_anonymous)
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            wanted = self.wanted(entity) if more is None else self.wanted(entity, more)
            shape = self._shapes[key] = row_shape(entity, wanted, self._joined(entity, viewer, (), [MOST_JOINS]))
        return shape

    def _joined(self, entity: Entity, viewer: Viewer, above: tuple[Entity, ...], left: list[int]) -> Joins:
        # What leads back to a table that is already on the way there is left to loaders: there would be no end.
        above = (*above, entity)
        joins = []
        for join in self._joins.get(entity.row, ()):
            if left[0] and join.entity.row not in [each.row for each in above] and join.is_permitted(viewer):
                left[0] -= 1
                wanted = self.wanted(join.entity, join.column)
                joins.append(Joined(join, wanted, self._joined(join.entity, viewer, above, left)))
        return tuple(joins)


class Reads:
    """The reads of one request. Every statement gets the viewer's parameters and the request's `now` (an instant).

    `asked` is what the request's document asks for; without it all columns are read, and nothing is joined. `seen` are
    the patients whose data was read, by its kind (`PATIENT_KEYS`), for the audit, but for the rows that the request has
    `written`, by kind and id: they stand there already. `batches` are how many keys loaders read at once.
    """

    def __init__(self, pools: Pools, viewer: Viewer, now: datetime, asked: Asked | None = None) -> None:
        self.viewer = viewer
        self.sight = viewer.sight
        self.statements = 0
        self.batches: list[int] = []
        self._pools = pools
        self._asked = asked
        self._values: dict[str, object] = {**viewer.parameters, "now": now}
        self.seen: dict[str, set[int]] = {}
        self.written: set[tuple[str, int | None]] = set()

    def wanted(self, entity: Entity, *more: str) -> frozenset[str]:
        """The columns to read of an entity: what is asked, what is always needed, and `more` that the loader needs."""
        return entity.names if self._asked is None else self._asked.wanted(entity, *more)

    def shape(self, entity: Entity, more: str | None = None) -> RowShape:
        """The same, and the rows that are read with it."""
        return row_shape(entity, entity.names) if self._asked is None else self._asked.shape(entity, more, self.viewer)

    async def fetch(
        self,
        statement: Statement,
        row_type: type[RecordT],
        values: Mapping[str, object],
        patients: Patients | None = None,
    ) -> Sequence[RecordT]:
        """The rows of one statement, as asyncpg records of the given class; `patients` says whose data is in them."""
        self.statements += 1
        arguments = statement.arguments({**self._values, **values})
        pool = self._pools.lists if statement.filtered else self._pools.lookups
        rows = await pool.fetch(statement.text, arguments, row_type)
        self._see(rows, row_patients(row_type) if patients is None else patients)
        return rows

    async def fetch_by(self, statement: Statement, shape: RowShape, column: str, keys: Sequence[int]) -> Sequence[Any]:
        """The rows of a look-up whose `column` is one of the keys: requests that look up the same share a statement."""
        self.statements += 1
        rows = await self._pools.shared.fetch(statement, Lookup(shape.row, column, keys, self._values))
        self._see(rows, shape.patients)
        return rows

    def _see(self, rows: Sequence[Record], patients: Patients) -> None:
        for kind, key, present in patients if rows else ():
            # What lies within a row, as its key tells, is not the row that was written.
            read = rows if "." in key else self._not_written(kind, rows)
            ids = map(itemgetter(key), read)
            seen = self.seen.setdefault(kind, set())
            seen.update(ids if present is None else compress(ids, map(itemgetter(present), read)))
            seen.discard(None)

    def _not_written(self, kind: str, rows: Sequence[Record]) -> Sequence[Record]:
        return [row for row in rows if (kind, row["id"]) not in self.written] if self.written else rows
