"""Copies a file's rows into a temporary table as they are read, so that all else is done by statements on sets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from server.synthea.errors import SyntheaError
from server.synthea.reading import read_rows
from server.synthea.values import BadValueError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


@dataclass(frozen=True)
class Staged:
    """A file whose rows are loaded: the columns that are read of it, and the temporary table they are copied to.

    `fields` names the table's columns after `line`, with their types; `values` makes them of a row's columns.
    """

    file: str
    columns: tuple[str, ...]
    table: str
    fields: Mapping[str, str]
    values: Callable[[Mapping[str, str]], Sequence[object]]


async def stage(connection: "Connection[Record]", staged: Staged, path: Path, advance: Callable[[int], None]) -> None:
    """Fills the temporary table of a file. Refuses values that cannot be, and an Id that comes twice."""
    fields = ", ".join(f"{name} {kind}" for name, kind in staged.fields.items())
    await connection.execute(f"CREATE TEMPORARY TABLE {staged.table} (line integer, {fields}) ON COMMIT DROP")
    await connection.copy_records_to_table(
        staged.table, records=_records(staged, path, advance), columns=["line", *staged.fields]
    )
    await connection.execute(f"ANALYZE {staged.table}")
    twice = await connection.fetchrow(
        f"""
        SELECT id, line, first_line FROM (
            SELECT id, line, min(line) OVER (PARTITION BY id) AS first_line FROM {staged.table}
        ) AS seen WHERE line > first_line ORDER BY line LIMIT 1
        """  # noqa: S608 (the table's name is a constant)
    )
    if twice:
        words = f"Id {twice['id']} stands in line {twice['first_line']} already"
        raise SyntheaError(words, staged.file, twice["line"])


def _records(staged: Staged, path: Path, advance: Callable[[int], None]) -> Iterator[tuple[object, ...]]:
    for line, row in read_rows(path, staged.columns, advance):
        try:
            yield line, *staged.values(row)
        except BadValueError as error:
            raise SyntheaError(str(error), staged.file, line) from None


async def refuse_dangling(
    connection: "Connection[Record]", staged: Staged, field: str, column: str, target: Staged
) -> None:
    """Refuses a row that names an Id which the target's file does not have."""
    lost = await connection.fetchrow(
        f"""
        SELECT line, {field} AS id FROM {staged.table} AS s
        WHERE {field} IS NOT NULL AND NOT EXISTS (SELECT FROM {target.table} AS t WHERE t.id = s.{field})
        ORDER BY line LIMIT 1
        """  # noqa: S608 (the names are constants)
    )
    if lost:
        raise SyntheaError(f"{column} {lost['id']} is not in {target.file}", staged.file, lost["line"])
