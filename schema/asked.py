"""What a document asks for: only these columns are read, and with a row those that it is joined to."""

from typing import Any

from asyncpg import Record
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    is_abstract_type,
    visit,
)

from loaders.reads import Asked
from loaders.row_shapes import Join


def what_is_asked(schema: GraphQLSchema, document: DocumentNode) -> Asked:
    """The columns and joins of each row class that any operation of a valid document reads, whatever its variables."""
    types = TypeInfo(schema)
    columns: dict[type[Record], set[str]] = {}
    joins: dict[type[Record], dict[Join, None]] = {}

    class Columns(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent = types.get_parent_type()
            for type_ in schema.get_possible_types(parent) if is_abstract_type(parent) else [parent]:
                assert isinstance(type_, GraphQLObjectType)
                field = type_.fields.get(node.name.value)
                if field is not None and "columns" in field.extensions:
                    row = type_.extensions["row_type"]
                    columns.setdefault(row, set()).update(field.extensions["columns"])
                    if (join := field.extensions.get("join")) is not None:
                        joins.setdefault(row, {})[join] = None

    visit(document, TypeInfoVisitor(types, Columns()))
    return Asked(
        {row: frozenset(names) for row, names in columns.items()}, {row: tuple(each) for row, each in joins.items()}
    )
