"""Declared reads: how a plain field gets its value from its parent object.

A field with ``extensions={"read": Item("name")}`` promises that its value is ``source["name"]``: no arguments,
no info, no awaitable. The engine writes such a read straight into its generated loops.
"""

from collections.abc import Mapping
from typing import Any


class Item:
    """Reads ``source[key]``; works on dictionaries, database rows and anything else with ``__getitem__``."""

    __slots__ = ("key",)

    def __init__(self, key: str | int) -> None:
        self.key = key

    def __call__(self, source: Any) -> Any:
        return source[self.key]

    def __repr__(self) -> str:
        return f"Item({self.key!r})"


class Attribute:
    """Reads ``source.<name>``; unlike graphql-core's default resolver, a missing attribute is an error."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, source: Any) -> Any:
        return getattr(source, self.name)

    def __repr__(self) -> str:
        return f"Attribute({self.name!r})"


def default_read(source: Any, name: str) -> Any:
    """What graphql-core's default resolver reads, before it calls what it has read."""
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
