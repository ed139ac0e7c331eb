"""Random operations that are deeper and wider than hypothesis-graphql's: it prefers the smallest."""

import random

from graphql import (
    GraphQLAbstractType,
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
    is_required_argument,
)

LITERALS = {
    "ID": ['"a"', "7"],
    "String": ['"x"', "null"],
    "String!": ['"x"'],
    "Int": ["1", "2", "null"],
    "Boolean": ["true", "false"],
    "State": ["OPEN", "SHUT", "null"],
    "Span": ['{from: "2026-11-21", tags: ["a"]}', "{days: null}", "{}", "null"],
}


class DeepDocument:
    """Writes one operation; its choices follow from the seed."""

    def __init__(self, schema: GraphQLSchema, seed: int) -> None:
        self.schema = schema
        self.chance = random.Random(seed)
        self.budget = 60

    def text(self) -> str:
        """The operation as text."""
        mutation = self.chance.random() < 0.2
        root = self.schema.mutation_type if mutation else self.schema.query_type
        assert root is not None
        return f"{'mutation' if mutation else 'query'} {self.selection(root, 5)}"

    def selection(self, type_: GraphQLObjectType | GraphQLAbstractType, depth: int) -> str:
        """A selection set on a type."""
        parts: list[str] = []
        if not isinstance(type_, GraphQLUnionType):
            names = list(type_.fields)
            for name in self.chance.choices(names, k=self.chance.randrange(1, 6)):
                part = self.field(name, type_.fields[name], depth)
                if part:
                    parts.append(part)
        if is_abstract_type(type_):
            possible = list(self.schema.get_possible_types(type_))
            for name in self.chance.sample([t.name for t in possible], self.chance.randrange(len(possible)) + 1):
                inner = self.schema.get_type(name)
                assert is_object_type(inner)
                parts.append(f"... on {name} {self.selection(inner, depth)}")
        elif self.chance.random() < 0.2 and is_object_type(type_) and type_.interfaces:
            interface = self.chance.choice(type_.interfaces)
            parts.append(f"... on {interface.name} {self.selection(interface, depth - 1)}")
        if not parts or self.chance.random() < 0.1:
            parts.append("__typename")
        return "{ " + " ".join(parts) + " }"

    def field(self, name: str, field: GraphQLField, depth: int) -> str:
        """One field, with an alias that says its arguments, so that equal keys can be merged."""
        self.budget -= 1
        type_ = get_named_type(field.type)
        if is_composite_type(type_) and (depth <= 0 or self.budget < 0):
            return ""
        given = {
            key: self.literal(argument)
            for key, argument in field.args.items()
            if is_required_argument(argument) or self.chance.random() < 0.5
        }
        arguments = f"({', '.join(f'{key}: {value}' for key, value in given.items())})" if given else ""
        kind = str(field.type).strip("[]!")
        mark = "".join(character for character in arguments if character.isalnum())
        alias = f"{name}_{kind}_{len(str(field.type))}{mark}: " if arguments or self.chance.random() < 0.2 else ""
        inner = f" {self.selection(type_, depth - 1)}" if is_composite_type(type_) else ""
        return f"{alias}{name}{arguments}{inner}"

    def literal(self, argument: GraphQLArgument) -> str:
        """A literal for an argument."""
        kind = str(argument.type)
        choices = LITERALS[kind.rstrip("!")]
        if kind.endswith("!"):
            choices = [choice for choice in choices if choice != "null"]
        return self.chance.choice(choices)
