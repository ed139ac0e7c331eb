"""Rows on their way into one table."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Batch:
    """Rows of one table, made while they are written. `columns` are names with spaces between.

    In the rows, instants are seconds since 1970 and days are ordinals (see `moments`); all else is as asyncpg takes it.
    """

    table: str
    columns: str
    rows: Iterable[tuple[object, ...]]
    expected: int
