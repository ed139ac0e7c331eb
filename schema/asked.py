"""Which columns a document asks for: only these are read."""

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


def columns_asked(schema: GraphQLSchema, document: DocumentNode) -> Asked:
    """The columns of each row class that any operation of a valid document reads, whatever its variables say."""
    types = TypeInfo(schema)
    asked: dict[type[Record], set[str]] = {}

    class Columns(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent = types.get_parent_type()
            for type_ in schema.get_possible_types(parent) if is_abstract_type(parent) else [parent]:
                assert isinstance(type_, GraphQLObjectType)
                field = type_.fields.get(node.name.value)
                if field is not None and "columns" in field.extensions:
                    asked.setdefault(type_.extensions["row_type"], set()).update(field.extensions["columns"])

    visit(document, TypeInfoVisitor(types, Columns()))
    return {row_type: frozenset(columns) for row_type, columns in asked.items()}
