"""How loaders reach the database: single statements on pooled connections, counted per request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from asyncpg import Record

from auth.viewer import Viewer
from loaders.connections import Connections
from loaders.entities import PATIENT_KEYS, Entity
from models.statement import Statement

Asked: TypeAlias = Mapping[type[Record], frozenset[str]]
RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Pools:
    """The connections of a process: for mutations `writes`, all others for single statements that read.

    PostgreSQL keeps one plan for what runs on `lookups`, and plans `lists` for their values.

    The one plan of a filtered list guesses how much a filter lets through, and was up to thirty times slower
    (1,000,000 slots); planning each look-up anew would cost it 50 to 500 microseconds.
    """

    lookups: Connections
    lists: Connections
    writes: Connections


class Reads:
    """The reads of one request. Every statement gets the viewer's parameters and the request's `now` (an instant).

    `asked` are the columns that the request's document reads; without it all are read. `seen` are the keys of what was
    read about patients (`PATIENT_KEYS`), for the audit; `batches` are how many keys loaders read at once.
    """

    def __init__(self, pools: Pools, viewer: Viewer, now: datetime, asked: Asked | None = None) -> None:
        self.viewer = viewer
        self.sight = viewer.sight
        self.statements = 0
        self.batches: list[int] = []
        self._pools = pools
        self._asked = asked
        self._values: dict[str, object] = {**viewer.parameters, "now": now}
        self.seen: dict[type[Record], set[int]] = {}

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
        rows = await pool.fetch(statement.text, arguments, row_type)
        if (key := PATIENT_KEYS.get(row_type)) is not None and rows:
            self.seen.setdefault(row_type, set()).update([row[key] for row in rows])
        return rows
