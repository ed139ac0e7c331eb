"""Arguments are what Strawberry's own conversion would make of them, for each field that a loader answers."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import strawberry
from graphql import GraphQLField, GraphQLObjectType, is_enum_type, is_input_object_type, is_list_type, is_non_null_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from resolvers import build_schema
from schema.arguments import arguments_of

SCHEMA = build_schema()


def fields() -> Iterator[tuple[str, GraphQLField, StrawberryField]]:
    for type_ in SCHEMA._schema.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                if isinstance(declared, StrawberryField) and field.args:
                    yield f"{type_.name}.{name}", field, declared


def coerced(type_: Any, chance: random.Random) -> Any:
    """What graphql-core may make of a value of a type."""
    if is_non_null_type(type_):
        while (value := coerced(type_.of_type, chance)) is None:
            pass
        return value
    if chance.random() < 0.2:
        return None if chance.random() < 0.8 else strawberry.UNSET
    if is_list_type(type_):
        return [coerced(type_.of_type, chance) for _ in range(chance.randrange(3))]
    if is_enum_type(type_):
        return chance.choice([value.value for value in type_.values.values()])
    if is_input_object_type(type_):
        return {
            name: coerced(field.type, chance)
            for name, field in type_.fields.items()
            if is_non_null_type(field.type) or chance.random() < 0.7
        }
    return object()


@pytest.mark.parametrize(("coordinates", "field", "declared"), [pytest.param(*each, id=each[0]) for each in fields()])
def test_they_are_as_strawberry_makes_them(coordinates: str, field: GraphQLField, declared: StrawberryField) -> None:
    chance, converted = random.Random(coordinates), arguments_of(SCHEMA, declared)
    for _ in range(20):
        given = {
            name: coerced(argument.type, chance)
            for name, argument in field.args.items()
            if is_non_null_type(argument.type) or chance.random() < 0.7
        }
        expected = convert_arguments(
            given,
            declared.arguments,
            config=SCHEMA.config,
            scalar_registry=SCHEMA.schema_converter.scalar_registry,
        )
        assert converted(given) == expected


def test_lists_are_copied() -> None:
    _, _, declared = next(each for each in fields() if each[0] == "Query.adminDashboard")
    given = {"range": {"from": 1, "to": 2}, "clinicIds": ["a"]}
    converted = arguments_of(SCHEMA, declared)
    assert converted(given)["clinic_ids"] == given["clinicIds"]
    assert converted(given)["clinic_ids"] is not given["clinicIds"]
