"""Search by words of a name."""

import re

from sqlalchemy import ColumnElement, Text, func, text

from models.statement import parameter


def prefixes(search: str) -> str | None:
    """A text-search query that asks for every word as a prefix ("an mo" finds Ann Moss); None when there is no word."""
    return " & ".join(f"{word}:*" for word in re.findall(r"[^\W_]+", search)) or None


def has_words(name: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a name has the words of the parameter `search`; the GIN index on names answers it."""
    simple = text("'simple'")
    return func.to_tsvector(simple, name).bool_op("@@")(func.to_tsquery(simple, parameter("search", Text())))
