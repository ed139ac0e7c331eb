"""How loaders reach the database: single statements on pooled connections, counted per request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from asyncpg import Record

from auth.viewer import Viewer
from loaders.connections import Connections
from loaders.entities import Entity
from loaders.statement import Statement

Asked: TypeAlias = Mapping[type[Record], frozenset[str]]
RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Pools:
    """Connections for reads. PostgreSQL keeps one plan for what runs on `lookups`, and plans `lists` for their values.

    The one plan of a filtered list guesses how much a filter lets through, and was up to thirty times slower
    (1,000,000 slots); planning each look-up anew would cost it 50 to 500 microseconds.
    """

    lookups: Connections
    lists: Connections


class Reads:
    """The reads of one request. Every statement gets the viewer's parameters and the request's `now` (an instant).

    `asked` are the columns that the request's document reads; without it all are read.
    """

    def __init__(self, pools: Pools, viewer: Viewer, now: datetime, asked: Asked | None = None) -> None:
        self.viewer = viewer
        self.sight = viewer.sight
        self.statements = 0
        self._pools = pools
        self._asked = asked
        self._values: dict[str, object] = {**viewer.parameters, "now": now}

    def wanted(self, entity: Entity, *more: str) -> frozenset[str]:
        """The columns to read of an entity: what is asked, what is always needed, and `more` that the loader needs."""
        if self._asked is None:
            return entity.names
        return self._asked.get(entity.row, entity.always).union(entity.always, more)

    async def fetch(
        self, statement: Statement, row_type: type[RecordT], values: Mapping[str, object]
    ) -> Sequence[RecordT]:
        """The rows of one statement, as asyncpg records of the given class."""
        self.statements += 1
        arguments = statement.arguments({**self._values, **values})
        pool = self._pools.lists if statement.filtered else self._pools.lookups
        return await pool.fetch(statement.text, arguments, row_type)
