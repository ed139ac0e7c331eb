"""A row of the database, as the pure rules take it."""

from typing import Any, Protocol


class Row(Protocol):
    """Values by their columns' names: asyncpg's Record, or a mapping."""

    def __getitem__(self, name: str, /) -> Any: ...
