"""A plan: an operation, its fields collected and fragments merged, for one outcome of its conditions.

Selections below the root are collected when the first object of their type turns up and kept from then on, so
that an interface with many types costs nothing for those that never appear. Equal selections are shared: what
is selected on a type by the same nodes is the same wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from .field import Field, Kind
from .generate import Reader, reader_of
from .position import Position, Shape
from .within import Within

MANY_READERS = 64
"""How many readers of one selection are kept: as many as there are kinds of rows, so seldom more than two."""


class PlanField(NamedTuple):
    """A field that the operation may resolve: where, by which definition, asked for by which nodes."""

    parent_type: GraphQLObjectType
    definition: GraphQLField
    path: tuple[str, ...]
    nodes: Sequence[FieldNode]


class Selection:
    """The fields selected on objects of one type, in the order of the answer."""

    __slots__ = ("batched", "fields", "leaves", "readers", "reads", "reads_default", "rest", "root", "type")

    def __init__(self, type_: GraphQLObjectType, fields: list[Field], *, root: bool = False) -> None:
        self.type = type_
        self.fields = fields
        # Root fields of a mutation run one after the other, so nothing of a root is read ahead.
        self.root = root
        self.rest = [field for field in fields if not self.inlines(field)]
        self.reads_default = any(field.kind is Kind.DEFAULT and field.inline and not root for field in fields)
        self.leaves = len(fields) - len(self.rest)
        # Only what a batch resolver would give can lie within the row.
        self.batched = any(field.kind is Kind.BATCH for field in self.rest)
        self.reads = 0
        self.readers: dict[tuple[str, int, bool], Reader] = {}

    def inlines(self, field: Field) -> bool:
        """Whether the generated reader gives this field's value itself."""
        return field.kind is Kind.TYPENAME or (field.inline and not self.root)

    def reader(self, mode: str, within: Mapping[str, Within], *, parts: bool) -> Reader:
        """The generated function that makes the answers of a list of objects; see ``generate``."""
        key = (mode, id(within), parts)  # the reader holds it, so that no other mapping can take its identity
        reader = self.readers.get(key)
        if reader is None or reader.within is not within:
            if len(self.readers) >= MANY_READERS:
                self.readers.clear()
            reader = self.readers[key] = reader_of(self, mode, within, parts=parts)
        return reader


class Plan:
    """``extended``: extensions count, since no middleware asks to see each call."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variable_values: VariableValues,
        *,
        extended: bool,
        default_resolver: bool,
        hide_suggestions: bool,
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragments = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        self.variable_values = variable_values
        self.extended = extended
        self.default_resolver = default_resolver
        self.hide_suggestions = hide_suggestions
        self._selections: dict[tuple[GraphQLObjectType, tuple[int, ...]], Selection] = {}
        type_ = schema.get_root_type(operation.operation)
        assert type_ is not None
        collected = collect_fields(schema, self.fragments, variable_values, type_, operation, hide_suggestions)
        self.root = self._selection(type_, collected.grouped_field_set, root=True)

    def _selection(
        self, type_: GraphQLObjectType, grouped: Mapping[str, list[FieldDetails]], *, root: bool = False
    ) -> Selection:
        fields = []
        for key, details in grouped.items():
            definition = self.schema.get_field(type_, details[0].node.name.value)
            if definition is not None:
                fields.append(Field(self, key, definition, type_, details))
        return Selection(type_, fields, root=root)

    def select(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Selection:
        """The selection of these nodes on a type."""
        key = (type_, tuple(id(detail.node) for detail in details))
        selection = self._selections.get(key)
        if selection is None:
            collected = collect_subfields(
                self.schema,
                self.fragments,
                self.variable_values,
                self.operation,
                type_,
                details,
                self.hide_suggestions,
            )
            selection = self._selections[key] = self._selection(type_, collected.grouped_field_set)
        return selection

    @property
    def fields(self) -> Iterator[PlanField]:
        """Every field that the operation can resolve, parents first; each path once per parent type.

        Below an interface or a union the fields of all possible types are listed. A document of nested
        fragments can have very many paths: stop reading when a limit is passed.
        """
        waiting: list[tuple[tuple[str, ...], Selection]] = [((), self.root)]
        seen: set[tuple[tuple[str, ...], int]] = set()
        while waiting:
            path, selection = waiting.pop()
            if (path, id(selection)) in seen:
                continue
            seen.add((path, id(selection)))
            for field in selection.fields:
                below = (*path, field.key)
                yield PlanField(selection.type, field.definition, below, field.nodes)
                waiting.extend((below, field.select(type_)) for type_ in self._types_at(field.position))

    def _types_at(self, position: Position) -> Sequence[GraphQLObjectType]:
        while position.shape is Shape.LIST:
            position = position.item
        if position.shape is Shape.OBJECT:
            return (position.object,)
        if position.shape is Shape.ABSTRACT:
            return list(self.schema.get_possible_types(position.abstract))
        return ()
