"""The two commonest questions: the row with this id, and the rows that point at this one."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from asyncpg import Record
from sqlalchemy import select

from auth.viewer import Sight
from loaders.entities import Entity
from loaders.loader import Loader
from loaders.reads import Reads
from loaders.row_shapes import RowShape, joined
from models.statement import Statement, compile_statement, one_of_ids


class RowBy(Loader[int, Any]):
    """The visible row whose unique `column` is the key, or None."""

    entity: ClassVar[Entity]
    column: ClassVar[str] = "id"

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        rows = await _rows(self.reads, self.entity, self.column, keys)
        return {row[self.column]: row for row in rows}

    def know(self, row: Record) -> None:
        """Takes a whole row, of one column for each of the entity's, that the viewer may see; unless it is asked for
        with rows of others, which are read along with it."""
        if not self.reads.shape(self.entity, self.column).joins:
            self._known[row[self.column]] = row


class RowsBy(Loader[int, Any]):
    """The visible rows whose `column` is the key, by id; an empty list when there are none."""

    entity: ClassVar[Entity]
    column: ClassVar[str]
    absent: Any = ()

    async def read(self, keys: list[int]) -> Mapping[int, Any]:
        return group(await _rows(self.reads, self.entity, self.column, keys), self.column)


async def _rows(reads: Reads, entity: Entity, column: str, keys: list[int]) -> Sequence[Record]:
    shape = reads.shape(entity, column)
    return await reads.fetch_by(_select_by(shape, column, reads.sight), shape, column, keys)


@lru_cache(maxsize=4096)
def _select_by(shape: RowShape, column: str, sight: Sight) -> Statement:
    """Visible rows whose column is one of the parameter `keys`; ordered by id, so that lists are stable."""
    entity = shape.entity
    source, more = joined(entity.table, shape, sight)
    query = (
        select(*entity.shown(sight, shape.wanted), *more)
        .select_from(source)
        .where(entity.visible(sight), entity.table.c[column] == one_of_ids("keys"))
    )
    return compile_statement(query if column == "id" else query.order_by(entity.table.c.id))


def group(rows: Any, column: str) -> dict[int, list[Any]]:
    """Rows by the value of a column, in the order they came."""
    groups: dict[int, list[Any]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups
