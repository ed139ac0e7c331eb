"""A schema in which every field can answer, fail or be null, decided by where it stands and nothing else.

The same values are served in several ways (``Flavour``): whoever resolves them, the answer has to be the same.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from enum import Enum, auto
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    build_schema,
)

SDL = """
    scalar Day
    enum State { OPEN BUSY SHUT }
    input Span { from: Day, days: Int = 1, tags: [String!] }

    interface Node { id: ID!, name: String, next: Node, near(first: Int = 2, span: Span): [Node!] }
    interface Dated { day: Day, state: State! }
    union Thing = Doctor | Clinic | Slot

    type Doctor implements Node & Dated {
      id: ID!, name: String, next: Node, near(first: Int = 2, span: Span): [Node!]
      day: Day, state: State!, rating: Float!, active: Boolean!, clinic: Clinic!, slots(first: Int): [Slot!]!
      things: [[Thing]], boss: Doctor
    }
    type Clinic implements Node {
      id: ID!, name: String, next: Node, near(first: Int = 2, span: Span): [Node!]
      size: Int!, tags: [String!], grid: [[Int!]!], doctors(state: State = OPEN, flag: Boolean!): [Doctor]!
      mood: State
    }
    type Slot implements Dated {
      day: Day, state: State!, starts: Int!, doctor: Doctor!, thing: Thing, dated: [Dated!], label(of: String): String!
    }
    type Query {
      doctor: Doctor, doctors(first: Int! = 3): [Doctor!], node(id: ID!): Node, nodes: [[Node!]!]
      thing: Thing!, things: [Thing], dated: Dated, slot: Slot!, clinics: [Clinic!]!, count: Int
    }
    type Mutation { book(slot: ID!): Slot, cancel: Slot!, rename(span: Span): Node, note: String }
"""


class Flavour(Enum):
    """Who serves the values."""

    PLAIN = auto()
    ASYNC = auto()
    BATCH = auto()
    MIXED = auto()
    WITHIN = auto()
    DEFAULT_ITEMS = auto()
    DEFAULT_ATTRIBUTES = auto()


class Broken(Exception):
    """What resolvers here raise."""


class Row(dict[str, Any]):
    """An object as a mapping: plain fields are worked out when asked for."""

    def get(self, key: str, default: Any = None) -> Any:
        if key == "__typename":
            return super().get(key)
        return self["__world"].default_value(self, key)


class Place(NamedTuple):
    """Where an object lies in a wide row; see ``engine.Within``."""

    present: str
    names: dict[str, str]
    within: dict[str, "Place"]


TO_ONE = {"Doctor": {"clinic": "Clinic", "boss": "Doctor"}, "Slot": {"doctor": "Doctor"}}
WIDEST = 2
KEYS = ("__typename", "__seed", "__world")


def places(typename: str, prefix: str, width: int) -> dict[str, Place]:
    """What lies within an object of a type."""
    return {
        f"{typename}.{field}": Place(
            f"{prefix}{field}.__seed",
            {key: f"{prefix}{field}.{key}" for key in KEYS},
            places(inner, f"{prefix}{field}.", width - 1),
        )
        for field, inner in (TO_ONE.get(typename, {}) if width else {}).items()
    }


WIDE: dict[tuple[str, int], Any] = {
    (typename, width): type(f"Wide{typename}{width}", (dict,), {"__within__": places(typename, "", width)})
    for typename in TO_ONE
    for width in range(1, WIDEST + 1)
}


class Thing:
    """An object with attributes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.values["__world"].default_value(self.values, name)


def nulls(place: Place) -> list[str]:
    """The keys that hold nothing where there is no object."""
    return [*place.names.values(), *(name for inner in place.within.values() for name in nulls(inner))]


def values_of(source: Any) -> dict[str, Any]:
    return source.values if isinstance(source, Thing) else source


class World:
    """A schema of one flavour; ``faults`` is how often something goes wrong, ``variant`` who serves what."""

    def __init__(self, flavour: Flavour, variant: int, faults: float) -> None:
        self.flavour = flavour
        self.variant = variant
        self.faults = faults
        self.widening = False
        self.schema = schema_of(self)

    def root(self, document: DocumentNode, seed: int) -> Any:
        """The root value for a document's operation."""
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        return self.object(operation.operation.value.title(), seed)

    def object(self, typename: str, seed: int) -> Any:
        row = {"__typename": typename, "__seed": seed, "__world": self}
        if self.flavour is Flavour.DEFAULT_ITEMS:
            return Row(row)
        if self.flavour is Flavour.WITHIN and not self.widening:
            self.widening = True
            try:
                return self.widened(row, WIDEST) or row
            finally:
                self.widening = False
        return Thing(row) if self.flavour is Flavour.DEFAULT_ATTRIBUTES else row

    def widened(self, row: dict[str, Any], width: int) -> dict[str, Any] | None:
        """A row with others within it; None if it can have none, or one of them went wrong."""
        typename = row["__typename"]
        if (typename, width) not in WIDE:
            return row if not TO_ONE.get(typename) or not width else None
        wide: dict[str, Any] = WIDE[typename, width](row)
        for field in TO_ONE[typename]:
            inner = caught(lambda: self.value(row, typename, field, {}))  # noqa: B023
            if isinstance(inner, Exception):
                return None
            if inner is None:
                wide |= dict.fromkeys(nulls(places(typename, "", width)[f"{typename}.{field}"]))
            elif (inside := self.widened({key: inner[key] for key in KEYS}, width - 1)) is None:
                return None
            else:
                wide |= {f"{field}.{key}": value for key, value in inside.items()}
        return wide

    def value(self, source: Any, parent: str, field: str, arguments: dict[str, Any]) -> Any:
        """What a field is; may raise."""
        values = values_of(source)
        given = sorted((key, repr(value)) for key, value in arguments.items())
        chance = random.Random(repr((values["__seed"], parent, field, given)))
        type_ = self.schema.get_type(parent)
        assert isinstance(type_, GraphQLObjectType)
        if chance.random() < self.faults:
            raise Broken(f"{parent}.{field} {chance.randrange(9)}")
        return self.make(type_.fields[field].type, chance)

    def default_value(self, values: dict[str, Any], field: str) -> Any:
        """What the default resolver finds: fields with arguments are methods."""
        type_ = self.schema.get_type(values["__typename"])
        assert isinstance(type_, GraphQLObjectType)
        if field not in type_.fields:
            return None
        if type_.fields[field].args or hash((values["__seed"], len(field))) % 5 == 0:
            return lambda _info, **arguments: self.value(values, type_.name, field, arguments)
        return self.value(values, type_.name, field, {})

    def make(self, type_: GraphQLOutputType, chance: random.Random) -> Any:
        """A value for a type, or something wrong."""
        if isinstance(type_, GraphQLNonNull):
            if chance.random() < self.faults:
                return None
            while (value := self.make(type_.of_type, chance)) is None:
                pass
            return value
        if chance.random() < 0.1:
            return None
        if chance.random() < self.faults:
            return Broken(f"returned {chance.randrange(9)}")
        if isinstance(type_, GraphQLList):
            if chance.random() < self.faults:
                return 7
            items = [self.make(type_.of_type, chance) for _ in range(chance.randrange(4))]
            return items if chance.random() < 0.7 else tuple(items)
        if isinstance(type_, GraphQLObjectType):
            return self.object(type_.name, chance.randrange(1 << 30))
        if isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)):
            names = [possible.name for possible in self.schema.get_possible_types(type_)]
            wrong = ["Nope", "Query", "State", "Clinic", "Slot", None]
            name = chance.choice(wrong if chance.random() < self.faults else names)
            return self.object(name, chance.randrange(1 << 30))  # type: ignore[arg-type]
        return leaf(type_.name, chance, wrong=chance.random() < self.faults)


def leaf(name: str, chance: random.Random, *, wrong: bool) -> Any:
    """A scalar or enum value."""
    right: dict[str, list[Any]] = {
        "ID": ["a", 7, "ü"],
        "String": ["", "text", 3, 1.5, True],
        "Int": [0, -1, 2**31 - 1, True, "12", 3.0],
        "Float": [0.5, 1, -2.25, "1e3"],
        "Boolean": [True, False, 1, 0],
        "Day": ["2026-11-21", "2026-11-22"],
        "State": ["OPEN", "BUSY"],
    }
    bad: dict[str, list[Any]] = {
        "ID": [{}, 1.5],
        "String": [{}, []],
        "Int": ["x", 2**31, 1.5, float("nan")],
        "Float": ["x", float("inf"), float("nan")],
        "Boolean": ["x", {}],
        "Day": ["boom", "none", 5],
        "State": ["NEVER", [], 4],
    }
    return chance.choice(bad[name] if wrong else right[name])


def day(value: Any) -> Any:
    """The custom scalar: fails, gives nothing, or adds a mark."""
    if value == "none":
        return None
    if not str(value).startswith("2026"):
        raise Broken(f"no day: {value}")
    return f"{value}!"


def schema_of(world: World) -> GraphQLSchema:
    """The schema with the resolvers of a flavour."""
    schema = build_schema(SDL)
    scalar = schema.get_type("Day")
    assert isinstance(scalar, GraphQLScalarType)
    scalar.coerce_output_value = day
    for type_ in schema.type_map.values():
        if isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)):
            give_type(world, type_)
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            if type_.name == "Slot":
                give_check(world, type_)
            for name, field in type_.fields.items():
                give_resolver(world, type_.name, name, field)
    assert isinstance(schema.get_type("State"), GraphQLEnumType)
    return schema


def give_type(world: World, type_: GraphQLAbstractType) -> None:
    def resolve_type(value: Any, _info: Any, _type: Any) -> Any:
        return values_of(value)["__typename"]

    async def later(value: Any, _info: Any, _type: Any) -> Any:
        return values_of(value)["__typename"]

    if world.flavour in {Flavour.ASYNC, Flavour.MIXED} and type_.name != "Dated":
        type_.resolve_type = later
    elif type_.name != "Thing" or world.flavour is Flavour.DEFAULT_ATTRIBUTES:
        type_.resolve_type = resolve_type


def give_check(world: World, type_: GraphQLObjectType) -> None:
    def is_type_of(value: Any, _info: Any) -> bool:
        return bool(values_of(value)["__typename"] == "Slot" and values_of(value)["__seed"] % 20)

    async def later(value: Any, info: Any) -> bool:
        return is_type_of(value, info)

    type_.is_type_of = later if world.flavour is Flavour.ASYNC else is_type_of


def give_resolver(world: World, parent: str, name: str, field: GraphQLField) -> None:
    """Serve a field in the manner of the flavour; which manner of several is decided by its name."""

    def plain(source: Any, _info: Any, **arguments: Any) -> Any:
        return world.value(source, parent, name, arguments)

    async def later(source: Any, _info: Any, **arguments: Any) -> Any:
        await asyncio.sleep(0)
        return world.value(source, parent, name, arguments)

    async def items_later(source: Any, _info: Any, **arguments: Any) -> Any:
        value = world.value(source, parent, name, arguments)
        return awaitable_items(value) if type(value) is list else value

    def stream(source: Any, _info: Any, **arguments: Any) -> Any:
        value = world.value(source, parent, name, arguments)
        return async_items(value) if type(value) is list else value

    def batch(sources: list[Any], _info: Any, **arguments: Any) -> list[Any]:
        return [caught(lambda: world.value(source, parent, name, arguments)) for source in sources]  # noqa: B023

    async def batch_later(sources: list[Any], info: Any, **arguments: Any) -> list[Any]:
        await asyncio.sleep(0)
        return batch(sources, info, **arguments)

    batches: list[Any] = [batch, batch_later]
    choice = random.Random(f"{world.variant}{parent}{name}")
    is_list = isinstance(getattr(field.type, "of_type", field.type), GraphQLList) or isinstance(field.type, GraphQLList)
    flavour = world.flavour
    if flavour in {Flavour.DEFAULT_ITEMS, Flavour.DEFAULT_ATTRIBUTES}:
        return
    field.resolve = plain
    if flavour is Flavour.ASYNC or (flavour is Flavour.MIXED and choice.random() < 0.5):
        field.resolve = choice.choice([plain, later, items_later, stream] if is_list else [plain, later])
    elif flavour in {Flavour.BATCH, Flavour.MIXED, Flavour.WITHIN}:
        manner = choice.randrange(3)
        if manner == 0 and not field.args:
            field.extensions = {"read": lambda source: world.value(source, parent, name, {})}
        else:
            field.extensions = {"batch": choice.choice(batches)}


def caught(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Broken as error:
        return error


def awaitable_items(items: list[Any]) -> list[Any]:
    async def give(item: Any) -> Any:
        if isinstance(item, Exception):
            raise item
        return item

    return [give(item) if index % 2 else item for index, item in enumerate(items)]


async def async_items(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item
