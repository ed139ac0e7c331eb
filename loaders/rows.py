"""The two commonest questions: the row with this id, and the rows that point at this one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from loaders.entities import Entity, select_by
from loaders.loader import Loader


class RowBy(Loader[int, Any]):
    """The visible row whose unique `column` is the key, or None."""

    entity: ClassVar[Entity]
    column: ClassVar[str] = "id"

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        rows = await self.reads.fetch(
            select_by(self.entity, self.column, self.reads.sight, self.reads.wanted(self.entity, self.column)),
            self.entity.row,
            {"keys": keys},
        )
        return {row[self.column]: row for row in rows}


class RowsBy(Loader[int, Any]):
    """The visible rows whose `column` is the key, by id; an empty list when there are none."""

    entity: ClassVar[Entity]
    column: ClassVar[str]
    absent: Any = ()

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        rows = await self.reads.fetch(
            select_by(self.entity, self.column, self.reads.sight, self.reads.wanted(self.entity, self.column)),
            self.entity.row,
            {"keys": keys},
        )
        return group(rows, self.column)


def group(rows: Any, column: str) -> dict[int, list[Any]]:
    """Rows by the value of a column, in the order they came."""
    groups: dict[int, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups
