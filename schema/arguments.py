"""What Strawberry makes of a field's arguments, with everything found out once that is the same for each request.

`strawberry.types.arguments.convert_arguments` asks of each value again of which type it is: for a page with a filter it
took as long as sending its statement.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, TypeAlias

import strawberry
from strawberry.scalars import is_scalar
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.unset import UNSET

Convert: TypeAlias = Callable[[Any], Any]
Arguments: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]


def arguments_of(schema: strawberry.Schema, field: StrawberryField) -> Arguments:
    """Makes the arguments of a field's resolver, by their Python names, of the coerced ones by their GraphQL names."""
    names = schema.config.name_converter
    known = {
        names.from_argument(argument): (argument.python_name, _converter(schema, argument.type))
        for argument in field.arguments
    }

    def convert(given: dict[str, Any]) -> dict[str, Any]:
        arguments = {}
        for name, value in given.items():
            python_name, converter = known[name]
            arguments[python_name] = _converted(converter, value)
        return arguments

    return convert


def _converted(converter: Convert | None, value: Any) -> Any:
    return value if converter is None or value is None or value is UNSET else converter(value)


def _converter(schema: strawberry.Schema, type_: Any) -> Convert | None:
    """How values of a type are made; None where they stay what they are."""
    if isinstance(type_, LazyType):
        return _converter(schema, type_.resolve_type())
    if isinstance(type_, StrawberryOptional) and not isinstance(type_, StrawberryMaybe):
        return _converter(schema, type_.of_type)
    registry = schema.schema_converter.scalar_registry
    if isinstance(type_, StrawberryEnumDefinition) or is_scalar(type_, registry):
        return None
    if isinstance(type_, StrawberryList):
        item = _converter(schema, type_.of_type)
        # Also what needs no conversion is copied: graphql-core gives all requests the same default.
        return list if item is None else lambda values: [_converted(item, value) for value in values]
    if has_object_definition(type_) and type_.__strawberry_definition__.from_input is None:
        return _input_converter(schema, type_)
    return lambda value: convert_argument(value, type_, registry, schema.config)


def _input_converter(schema: strawberry.Schema, type_: Any) -> Convert:
    definition = type_.__strawberry_definition__
    names = schema.config.name_converter
    missing = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    known = {
        names.from_field(field): (
            field.python_name,
            _converter(schema, field.resolve_type(type_definition=definition)),
        )
        for field in definition.fields
    }

    def convert(given: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = dict(missing)
        for name, value in given.items():
            python_name, converter = known[name]
            values[python_name] = _converted(converter, value)
        return type_(**values)

    return convert
