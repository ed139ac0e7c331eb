"""Leaf values: scalars and enums, as graphql-core completes them, without asking where the answer is known."""

from __future__ import annotations

from enum import Enum
from math import isfinite
from types import NoneType
from typing import TYPE_CHECKING, Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)
from graphql.pyutils import Undefined, inspect

from .failure import Failure
from .kinds import is_callable, is_inert, is_plain

if TYPE_CHECKING:
    from .run import Run

# The builtin coercers return these values unchanged, so they need not be called.
_UNCHANGED: dict[Any, type] = {
    GraphQLString.coerce_output_value: str,
    GraphQLID.coerce_output_value: str,
    GraphQLBoolean.coerce_output_value: bool,
    GraphQLInt.coerce_output_value: int,
    GraphQLFloat.coerce_output_value: float,
}
_UNBOUNDED = frozenset({str, bool})


class Leaf:
    """Completes values of one leaf type at one place; errors come back as ``Failure``."""

    __slots__ = ("coerce", "exact", "inert", "known", "non_null", "null_message", "type", "unchanged")

    def __init__(self, type_: GraphQLLeafType, *, non_null: bool, null_message: str) -> None:
        self.type = type_
        self.non_null = non_null
        self.null_message = null_message
        self.coerce = type_.coerce_output_value
        self.exact: type | None = None
        self.inert: set[type] = set()
        # The names of an enum's values that have occurred, by the type of the value: 1 and True are not the same.
        self.known: dict[type, dict[Any, Any]] | None = None
        if isinstance(type_, GraphQLEnumType):
            self.known = {}
        else:
            self.exact = _UNCHANGED.get(self.coerce)
        self.unchanged: frozenset[type] = frozenset()
        if self.exact in _UNBOUNDED:
            assert self.exact is not None
            self.unchanged = frozenset({self.exact} if non_null else {self.exact, NoneType})

    def one(self, value: Any, run: Run) -> Any:
        """Complete one value by the book."""
        if isinstance(value, Exception):
            return run.fail(value)
        if value is None or value is Undefined:
            return run.fail(TypeError(self.null_message)) if self.non_null else None
        try:
            coerced = self.coerce(value)
        except Exception as error:  # noqa: BLE001 - whatever a scalar raises is the field's error
            return run.fail(error)
        if coerced is None or coerced is Undefined:
            return self.bad(value, coerced, run)
        if self.known is None:
            self.learn(type(value))
        elif type(value) in {str, int} or (isinstance(value, Enum) and type(value).__hash__ is not None):
            self.known.setdefault(type(value), {})[value] = coerced
        return coerced

    def bad(self, value: Any, coerced: Any, run: Run) -> Failure:
        """Refuse what the scalar made of a value."""
        called = f"{inspect(self.type)}.coerce_output_value({inspect(value)})"
        message = f"Expected `{called}` to return non-nullable value, returned: {inspect(coerced)}"
        return run.fail(TypeError(message))

    def learn(self, kind: type) -> None:
        """Remember that values of this type can be given to the coercer without further questions."""
        if is_plain(kind) and is_inert(kind) and not is_callable(kind) and len(self.inert) < 256:
            self.inert.add(kind)

    def many(self, values: list[Any], run: Run) -> list[Any]:
        """Complete a list of values; may return the same list."""
        kinds = set(map(type, values))
        if kinds <= self.unchanged or (len(kinds) == 1 and self._all_unchanged(values, kinds)):
            return values
        one = self.one
        if self.exact in _UNBOUNDED:
            exact = self.exact
            return [value if type(value) is exact else one(value, run) for value in values]
        return [one(value, run) for value in values]

    def _all_unchanged(self, values: list[Any], kinds: set[type]) -> bool:
        """Whether numbers of one type are all within the scalar's bounds."""
        if self.exact not in kinds:
            return False
        if self.exact is int:
            return bool(min(values) >= GRAPHQL_MIN_INT and max(values) <= GRAPHQL_MAX_INT)
        return self.exact is float and all(map(isfinite, values))
