"""What fields cost, as it stands in the SDL: Apollo's and IBM's cost directives.

An object costs 1 and a leaf nothing, unless `@cost` says otherwise; a list costs its items times its size, which
`@listSize` says: the value of `first`, or what is assumed of a list that is short by nature.
"""

from collections.abc import Mapping
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLList, get_nullable_type
from strawberry.schema_directive import Location
from strawberry.schema_directive import schema_directive as directive
from strawberry.types.field import StrawberryField

ASSUMED_SIZE = 10
MUTATION_WEIGHT = 10


@directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="What an answer of this field costs, beside what is asked of it.",
)
class Cost:
    weight: int


@directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many items to reckon with: what the slicing arguments say, or what is assumed.",
)
class ListSize:
    assumed_size: int | None = strawberry.directive_field(name="assumedSize", default=strawberry.UNSET)
    slicing_arguments: list[str] | None = strawberry.directive_field(name="slicingArguments", default=strawberry.UNSET)
    sized_fields: list[str] | None = strawberry.directive_field(name="sizedFields", default=strawberry.UNSET)
    require_one_slicing_argument: bool = strawberry.directive_field(name="requireOneSlicingArgument", default=False)


def price_field(field: GraphQLField, declared: StrawberryField, *, is_mutation: bool) -> None:
    """Gives a field what its cost is reckoned from: `extensions["weight"]` and `extensions["list_size"]`."""
    metadata: Mapping[str, Any] = declared.metadata or {}
    weight = metadata.get("weight", MUTATION_WEIGHT if is_mutation else None)
    said: list[object] = []
    if weight is not None:
        field.extensions["weight"] = weight
        said.append(Cost(weight=weight))
    if (size := _list_size(field, metadata)) is not None:
        field.extensions["list_size"] = size
        said.append(size)
    # A declaration may be part of several types, and of every schema that is built.
    declared.directives = [each for each in declared.directives if not isinstance(each, Cost | ListSize)] + said


def _list_size(field: GraphQLField, metadata: Mapping[str, Any]) -> ListSize | None:
    is_list = isinstance(get_nullable_type(field.type), GraphQLList)
    if "first" in field.args:
        if is_list:
            return ListSize(slicing_arguments=["first"])
        return ListSize(slicing_arguments=["first"], sized_fields=["edges"])
    if is_list and "batch" in field.extensions:
        return ListSize(assumed_size=metadata.get("size", ASSUMED_SIZE))
    return None
