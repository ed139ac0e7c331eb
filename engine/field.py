"""A field of a plan: everything about it that is the same for each object and each run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, auto
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from graphql import GraphQLError, GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, get_argument_values
from graphql.type import TypeNameMetaFieldDef

from .position import Position, Shape
from .scan import variables_in

if TYPE_CHECKING:
    from .plan import Plan, Selection
    from .run import Run

Late = list[tuple["Field", int, Any]]
"""Values that a plain read turned up and that need more than a read: the field, the object's index, the value."""

# Argument values of these types cannot be changed by a resolver, so all calls may share them.
_ATOMIC = frozenset({str, int, float, bool, NoneType, date, datetime, time, timedelta, Decimal, UUID})


class Kind(Enum):
    """Who gives the value of a field."""

    TYPENAME = auto()
    READ = auto()
    DEFAULT = auto()
    BATCH = auto()
    RESOLVE = auto()


class Field:
    """One response key of a selection."""

    __slots__ = (
        "batch",
        "constant",
        "coordinates",
        "definition",
        "details",
        "has_arguments",
        "inline",
        "key",
        "kind",
        "name",
        "nodes",
        "parent_type",
        "plan",
        "position",
        "read",
        "runtime_types",
        "selections",
    )

    def __init__(
        self,
        plan: Plan,
        key: str,
        definition: GraphQLField,
        parent_type: GraphQLObjectType,
        details: list[FieldDetails],
    ) -> None:
        self.plan = plan
        self.key = key
        self.definition = definition
        self.parent_type = parent_type
        self.details = details
        self.nodes = [detail.node for detail in details]
        self.name = self.nodes[0].name.value
        self.coordinates = f"{parent_type.name}.{self.name}"
        message = f"Cannot return null for non-nullable field {parent_type}.{self.name}."
        self.position = Position(definition.type, message)
        self.read: Callable[[Any], Any] | None = None
        self.batch: Callable[..., Any] | None = None
        self.kind = self._kind()
        self.has_arguments = bool(definition.args or self.nodes[0].arguments)
        self.constant = self._constant_arguments()
        self.inline = self.kind is Kind.TYPENAME or (
            self.kind in {Kind.READ, Kind.DEFAULT} and self.position.shape is Shape.LEAF and not self.has_arguments
        )
        self.selections: dict[GraphQLObjectType, Selection] = {}
        # Type names that turned out to be valid here; at most as many as the schema has types.
        self.runtime_types: dict[str, GraphQLObjectType] = {}

    def _kind(self) -> Kind:
        definition = self.definition
        if self.plan.extended:
            if definition is TypeNameMetaFieldDef:
                return Kind.TYPENAME
            extensions = definition.extensions or {}
            self.batch = extensions.get("batch")
            if self.batch is not None:
                return Kind.BATCH
            self.read = extensions.get("read")
            if self.read is not None:
                return Kind.READ
        if definition.resolve is None and self.plan.default_resolver:
            return Kind.DEFAULT
        return Kind.RESOLVE

    def _constant_arguments(self) -> dict[str, Any] | None:
        if not self.has_arguments:
            return {}
        node = self.nodes[0]
        if any(True for argument in node.arguments or () for _ in variables_in(argument.value)):
            return None
        try:
            values = get_argument_values(
                self.definition, node, VariableValues({}, {}), None, self.plan.hide_suggestions
            )
        except GraphQLError:
            return None
        return values if is_atomic(values) else None

    def arguments(self, run: Run) -> dict[str, Any]:
        """The coerced arguments of this run; raises what graphql-core raises."""
        if self.constant is not None:
            return self.constant
        return get_argument_values(
            self.definition, self.nodes[0], run.variable_values, None, self.plan.hide_suggestions
        )

    def select(self, type_: GraphQLObjectType) -> Selection:
        """What is selected below this field on objects of a type; raises what collecting it raises."""
        selection = self.selections.get(type_)
        if selection is None:
            selection = self.selections[type_] = self.plan.select(type_, self.details)
        return selection

    def late(self, value: Any, run: Run, late: Late, index: int) -> Any:
        """Complete a leaf that the default resolver read, or put it off if it must be called or awaited."""
        if callable(value) or run.is_awaitable(value):
            late.append((self, index, value))
            return None
        return self.position.leaf.one(value, run)


def is_atomic(values: dict[str, Any]) -> bool:
    """Whether no resolver can change any of the argument values."""
    return all(type(value) in _ATOMIC or isinstance(value, Enum) for value in values.values())
