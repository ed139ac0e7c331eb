"""Positions: an output type taken apart, so that completing a value asks no questions about its type."""

from __future__ import annotations

from enum import Enum, auto

from graphql import (
    GraphQLAbstractType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
)

from .leaf import Leaf


class Shape(Enum):
    """What stands at a position."""

    LEAF = auto()
    LIST = auto()
    OBJECT = auto()
    ABSTRACT = auto()


class Position:
    """A place in the answer: ``non_null`` or not, and what is expected there."""

    __slots__ = ("abstract", "item", "leaf", "non_null", "null_message", "object", "shape")

    leaf: Leaf
    item: Position
    object: GraphQLObjectType
    abstract: GraphQLAbstractType

    def __init__(self, type_: GraphQLOutputType, null_message: str) -> None:
        self.null_message = null_message
        self.non_null = isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(inner, GraphQLList):
            self.shape = Shape.LIST
            self.item = Position(inner.of_type, null_message)
        elif is_leaf_type(inner):
            self.shape = Shape.LEAF
            self.leaf = Leaf(inner, non_null=self.non_null, null_message=null_message)
        elif is_abstract_type(inner):
            self.shape = Shape.ABSTRACT
            self.abstract = inner
        else:
            assert isinstance(inner, GraphQLObjectType)
            self.shape = Shape.OBJECT
            self.object = inner
