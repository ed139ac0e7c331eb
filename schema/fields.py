"""How fields are declared: plain reads of a row, and relations through one loader.

    name: str = described("…")                                    row["name"]
    start: datetime = described("…")                              row["start"]
    fee: Money = read(lambda row: …, "…", columns=(…))            computed from these columns of the row
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "…")
    next_slots: list["Slot"] = relation(next_slots, "id", "…")    next_slots(info, first) says which loader

Types whose sources are rows say so with `row_type`. A relation is resolved for a whole level at once:
`extensions["batch"]` of its GraphQL field takes all rows, asks the loader once, and answers in order. graphql-core's
own executor calls the ordinary resolver, one row at a time.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import strawberry
from asyncpg import Record
from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from engine import Attribute, Item
from loaders.loader import Loader
from loaders.pages import ROOT
from loaders.row_shapes import Join
from loaders.rows import RowBy
from schema.arguments import Arguments, arguments_of
from schema.context import Context, Info
from schema.costs import price_field
from schema.directives import Guard
from schema.guards import field_guards, guard_field, is_met

AsksLoader: TypeAlias = Callable[..., Loader[Any, Any]]
"""Takes info and the field's arguments, checks them, and returns the loader that answers."""


def described(description: str, *, guard: Guard | None = None, **more: Any) -> Any:
    """A plain field: the row's column of the same name, or the object's attribute."""
    return strawberry.field(description=description, directives=[guard] if guard else [], **more)


def read_plain(source: Any, name: str) -> Any:
    """How plain fields are read: rows by column, everything else by attribute."""
    return source[name] if isinstance(source, Record) else getattr(source, name)


def read(
    reader: Callable[[Any], Any],
    description: str,
    *,
    columns: tuple[str, ...] = (),
    guard: Guard | None = None,
    **more: Any,
) -> Any:
    """A field computed from these columns of its row: no arguments, no wait."""

    def resolve(root: Any) -> Any:
        return reader(root)

    return described(description, guard=guard, resolver=resolve, metadata={"read": reader, "columns": columns}, **more)


def relation(
    asks: type[Loader[Any, Any]] | AsksLoader, by: str | None, description: str, *, guard: Guard | None = None
) -> Any:
    """A field answered by a loader, keyed by the column `by` of the row; a root field's key is ROOT, its `by` None.

    `asks` is the loader's class or, for a field with arguments, a function (info, **arguments) -> loader.
    """
    ask: AsksLoader = (lambda info: info.context.loaders.get(asks)) if isinstance(asks, type) else asks

    def resolve(root: Any, info: Info, **arguments: Any) -> Awaitable[Any]:
        return ask(info, **arguments).load(ROOT if by is None else root[by])

    parameters = list(inspect.signature(ask).parameters.values())[1:]
    own = list(inspect.signature(resolve).parameters.values())[:2]
    resolve.__signature__ = inspect.Signature([*own, *parameters])  # type: ignore[attr-defined]
    resolve.__annotations__ = {p.name: p.annotation for p in [*own, *parameters]}
    resolve.__module__ = ask.__module__
    return described(
        description,
        guard=guard,
        resolver=resolve,
        metadata={"ask": ask, "by": by, "loader": asks, "columns": () if by is None else (by,)},
    )


def complete_fields(schema: strawberry.Schema) -> None:
    """Gives each GraphQL field what the engine reads (`extensions["batch"]` or `["read"]`), its guards before it."""
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and GraphQLCoreConverter.DEFINITION_BACKREF in type_.extensions:
            origin = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].origin
            of_rows = hasattr(origin, "row_type")
            if of_rows:
                type_.extensions["row_type"] = origin.row_type
                type_.is_type_of = None  # Strawberry would ask it for each row; a field's rows are what it says
            for name, field in type_.fields.items():
                declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                if isinstance(declared, StrawberryField):
                    _add_batch_resolver(schema, field, declared, Item if of_rows else Attribute)
                    price_field(field, declared, is_mutation=type_ is schema._schema.mutation_type)
                    guard_field(field, declared)
                    if of_rows:
                        _say_what_it_reads(f"{type_.name}.{name}", field, declared)


def _say_what_it_reads(coordinates: str, field: GraphQLField, declared: StrawberryField) -> None:
    """Which columns of its row a field reads, and which row of another table answers it, if that is what it takes."""
    metadata: Mapping[str, Any] = declared.metadata or {}
    field.extensions["columns"] = metadata.get("columns", (declared.python_name,))
    loader = metadata.get("loader")
    if isinstance(loader, type) and issubclass(loader, RowBy):
        guards = field_guards(field, declared)
        field.extensions["join"] = Join(
            coordinates,
            metadata["by"],
            loader.entity,
            loader.column,
            lambda viewer: all(is_met(viewer, guard) for guard in guards),
        )


def _doing(does: Callable[..., Awaitable[Any]], converted: Arguments) -> Callable[..., Awaitable[Any]]:
    """A mutation, without what Strawberry does around each call: its info has nothing that ours lacks."""
    return lambda _, info, **given: does(info, **converted(given))


def _add_batch_resolver(
    schema: strawberry.Schema, field: GraphQLField, declared: StrawberryField, plain: type[Item | Attribute]
) -> None:
    metadata: Mapping[str, Any] = declared.metadata or {}
    if declared.base_resolver is None:
        field.extensions["read"] = plain(declared.python_name)
    elif "does" in metadata:
        field.resolve = _doing(metadata["does"], arguments_of(schema, declared))
    elif "batch" in metadata:
        field.extensions["batch"] = metadata["batch"]
    elif "read" in metadata:
        field.extensions["read"] = metadata["read"]
    elif "ask" in metadata:
        ask, by = metadata["ask"], metadata["by"]
        converted = arguments_of(schema, declared)

        def batch(rows: Sequence[Record], info: GraphQLResolveInfo[Context], **arguments: Any) -> Awaitable[list[Any]]:
            loader: Loader[Any, Any] = ask(info, **converted(arguments))
            return loader.load_level([ROOT if by is None else row[by] for row in rows])

        field.extensions["batch"] = batch
