"""Random queries over the whole schema: lists, look-ups, relations, filters. The same seed asks the same."""

from collections.abc import Mapping
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from schema.node import encode_id

NUMBERS: Mapping[str, tuple[int, ...]] = {
    "Appointment": (5, 11, 12, 13, 21, 22, 31, 32, 33, 91),
    "Hold": (1, 2, 3),
    "Payment": (11, 13, 21, 31),
    "Slot": (110, 120, 140, 141, 150, 240, 241, 340, 351),
    "User": (1, 2, 3, 4, 1001, 1002, 1003, 2001, 2002, 2003),
}
WORDS = ("doc", "pat", "a", "z", "clinic 1", "Berlin", "Cardiology", "en", "patient1@example.org", "staff@example.org")
INSTANTS = ("2026-06-01T00:00:00Z", "2026-06-15T12:00:00Z", "2026-06-16T09:00:00Z", "2026-06-20T00:00:00+02:00")
DAYS = ("1980-01-02", "2026-06-12", "2026-06-15", "2026-06-20")
DEEPEST = 6


class Questions:
    """Asks about anything that a schema has, a few fields at a time."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._schema = schema
        self._random = random
        self._nodes = sorted(type_.name for type_ in self._types() if any(i.name == "Node" for i in type_.interfaces))
        self._number = 0

    def document(self) -> str:
        """A query with one to three root fields."""
        assert self._schema.query_type is not None
        self._number = 0
        names = self._random.choices(list(self._schema.query_type.fields), k=self._random.randint(1, 3))
        asked = (self._field(name, self._schema.query_type.fields[name], 0) for name in names)
        return "{ " + " ".join(asked) + " }"

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        self._number += 1
        arguments = self._arguments(name, field.args)
        type_ = get_named_type(field.type)
        if is_leaf_type(type_):
            return f"f{self._number}_{name}: {name}{arguments}"
        return f"f{self._number}_{name}: {name}{arguments} {self._selection(type_, depth + 1)}"

    def _selection(self, type_: Any, depth: int) -> str:
        if is_interface_type(type_):
            parts = (f"... on {name} {self._selection(self._schema.type_map[name], depth)}" for name in self._nodes)
            return "{ __typename " + " ".join(parts if depth < DEEPEST - 2 else ()) + " }"
        assert is_object_type(type_)
        plain = [name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))]
        deeper = [name for name, field in type_.fields.items() if not is_leaf_type(get_named_type(field.type))]
        walks_on = {"edges", "node"} & set(deeper)
        chosen = [name for name in plain if name == "id" or self._random.random() < 0.3]
        if depth < DEEPEST or walks_on:
            chosen += walks_on or self._random.sample(deeper, min(len(deeper), self._random.randint(0, 2)))
        inside = (self._field(name, type_.fields[name], depth) for name in chosen)
        return "{ __typename " + " ".join(inside) + " }"

    def _arguments(self, field: str, arguments: Mapping[str, GraphQLArgument]) -> str:
        given = []
        for name, argument in arguments.items():
            needed = is_non_null_type(argument.type) and argument.default is None
            if name != "after" and (needed or self._random.random() < 0.5):
                given.append(f"{name}: {self._value(field if name == 'id' else name, argument)}")
        return f"({', '.join(given)})" if given else ""

    def _value(self, name: str, of: GraphQLArgument | GraphQLInputField) -> str:
        type_ = of.type.of_type if is_non_null_type(of.type) else of.type
        if is_list_type(type_):
            return f"[{', '.join(self._one(name, type_) for _ in range(self._random.randint(1, 3)))}]"
        return self._one(name, type_)

    def _one(self, name: str, of: Any) -> str:
        type_ = get_named_type(of)
        if is_input_object_type(type_):
            chosen = (
                (each, field)
                for each, field in type_.fields.items()
                if is_non_null_type(field.type) or self._random.random() < 0.25
            )
            return "{ " + " ".join(f"{each}: {self._value(each, field)}" for each, field in chosen) + " }"
        if is_enum_type(type_):
            return str(self._random.choice(list(type_.values)))
        match str(type_.name):
            case "ID":
                return f'"{self._id(name)}"'
            case "Boolean":
                return self._random.choice(("true", "false"))
            case "DateTime":
                return f'"{self._random.choice(INSTANTS)}"'
            case "Date":
                return f'"{self._random.choice(DAYS)}"'
            case "String":
                return f'"{self._random.choice(WORDS)}"'
            case "Float":
                return f"{self._random.uniform(-90, 90):.2f}"
            case _:
                return str(self._random.randint(1, 20))

    def _id(self, name: str) -> str:
        meant = name.removesuffix("s").removesuffix("Id")
        type_name = meant[:1].upper() + meant[1:]
        if type_name not in self._nodes:
            type_name = self._random.choice(self._nodes)
        return encode_id(type_name, self._random.choice(NUMBERS.get(type_name, (1, 2, 3))))

    def _types(self) -> list[GraphQLObjectType]:
        return [type_ for type_ in self._schema.type_map.values() if is_object_type(type_)]
