"""Look-ups by key that several requests make at the same time, in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from asyncpg import Record

from loaders.connections import Connections
from loaders.together import Together
from models.statement import Statement

MOST_KEYS = 100
"""Of a look-up that is shared: sending is not what a large one takes, and others would wait for its rows."""


class Lookup(NamedTuple):
    """The rows whose `column` is one of the keys; `values` are the statement's other parameters."""

    row_type: type[Record]
    column: str
    keys: Sequence[int]
    values: Mapping[str, Any]


class SharedLookups:
    """Look-ups whose statements differ in nothing but their parameter `keys` share one.

    What a viewer may see is in the statement and its other parameters: viewers whose values differ share nothing.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._together = Together(self._fetch)

    async def fetch(self, statement: Statement, lookup: Lookup) -> Sequence[Any]:
        """The rows, in the statement's order where keys are alike. Raises what `Connections.fetch` raises."""
        if len(lookup.keys) > MOST_KEYS:
            return await self._send(statement, lookup, lookup.keys)
        others = tuple(lookup.values[name] for name in statement.order if name in lookup.values)
        return await self._together.ask((statement, others), lookup)

    async def _fetch(self, group: tuple[Statement, object], lookups: Sequence[Lookup]) -> Sequence[Sequence[Any]]:
        statement, first = group[0], lookups[0]
        if len(lookups) == 1:
            return [await self._send(statement, first, first.keys)]
        rows = await self._send(statement, first, {key: None for lookup in lookups for key in lookup.keys})
        by_key: dict[int, list[Any]] = {}
        for row in rows:
            by_key.setdefault(row[first.column], []).append(row)
        return [[row for key in lookup.keys for row in by_key.get(key, ())] for lookup in lookups]

    async def _send(
        self, statement: Statement, lookup: Lookup, keys: Sequence[int] | Mapping[int, None]
    ) -> Sequence[Any]:
        arguments = statement.arguments({**lookup.values, "keys": keys})
        return await self._connections.fetch(statement.text, arguments, lookup.row_type)
