"""Which object type a value has: interfaces, unions, and types that check what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLResolveInfo, default_type_resolver
from graphql.execution.executor import get_typename, invalid_return_type_error

from .drive import Steps
from .position import Position, Shape
from .resolve import settled

if TYPE_CHECKING:
    from .field import Field
    from .level import Level
    from .plan import Selection
    from .run import Run


def selections_of(
    position: Position,
    field: Field,
    level: Level,
    sources: list[Any],
    owners: Callable[[], list[int]],
    run: Run,
) -> Steps[list[Selection | Exception]]:
    """For each object what is selected on its type, or why it has none."""
    infos = _Infos(field, level, owners, run)
    types: list[Any]
    if position.shape is Shape.ABSTRACT:
        types = yield from _runtime_types(position.abstract, field, sources, infos, run)
    else:
        types = [position.object] * len(sources)
    yield from _check_types(types, field, sources, infos, run)
    selections: list[Selection | Exception] = []
    for type_ in types:
        try:
            selections.append(type_ if isinstance(type_, Exception) else field.select(type_))
        except Exception as error:  # noqa: BLE001 - it is the error of each such object
            selections.append(error)
    return selections


class _Infos:
    """The resolve info of the field on the object that a value belongs to; made when asked for."""

    def __init__(self, field: Field, level: Level, owners: Callable[[], list[int]], run: Run) -> None:
        self.field = field
        self.level = level
        self.find_owners = owners
        self.run = run
        self.owners: list[int] | None = None
        self.made: dict[int, GraphQLResolveInfo[Any]] = {}

    def at(self, index: int) -> GraphQLResolveInfo[Any]:
        if self.owners is None:
            self.owners = self.find_owners()
        owner = self.owners[index]
        info = self.made.get(owner)
        if info is None:
            info = self.made[owner] = self.level.info_at(self.field, owner, self.run)
        return info


def _runtime_types(
    abstract: GraphQLAbstractType, field: Field, sources: list[Any], infos: _Infos, run: Run
) -> Steps[list[GraphQLObjectType | Exception]]:
    executor = run.executor
    resolve_type: Any = abstract.resolve_type or executor.type_resolver
    default = resolve_type is default_type_resolver
    names: list[Any] = []
    for index, source in enumerate(sources):
        try:
            if default:
                name: Any = source.get("__typename") if type(source) is dict else get_typename(source)
                if not isinstance(name, str):
                    name = default_type_resolver(source, infos.at(index), abstract)
            else:
                name = resolve_type(source, infos.at(index), abstract)
        except Exception as error:  # noqa: BLE001 - it is the error of this object
            name = error
        names.append(name)
    names = yield from settled(names, run)
    known = field.runtime_types
    types: list[GraphQLObjectType | Exception] = []
    for index, name in enumerate(names):
        type_: GraphQLObjectType | Exception | None = known.get(name) if type(name) is str else None
        if type_ is None:
            try:
                if isinstance(name, Exception):
                    raise name
                type_ = executor.ensure_valid_runtime_type(
                    name, abstract, field.details, infos.at(index), sources[index]
                )
                known[name] = type_
            except Exception as error:  # noqa: BLE001 - it is the error of this object
                type_ = error
        types.append(type_)
    return types


def _check_types(
    types: list[GraphQLObjectType | Exception],
    field: Field,
    sources: list[Any],
    infos: _Infos,
    run: Run,
) -> Steps[None]:
    """Replace the types of objects that their type's own ``is_type_of`` refuses by that error."""
    places: list[int] = []
    verdicts: list[Any] = []
    for index, type_ in enumerate(types):
        if isinstance(type_, GraphQLObjectType) and type_.is_type_of is not None:
            places.append(index)
            try:
                verdicts.append(type_.is_type_of(sources[index], infos.at(index)))
            except Exception as error:  # noqa: BLE001 - it is the error of this object
                verdicts.append(error)
    if not places:
        return
    verdicts = yield from settled(verdicts, run)
    for index, verdict in zip(places, verdicts, strict=True):
        type_ = types[index]
        if isinstance(verdict, Exception):
            types[index] = verdict
        elif not verdict:
            assert isinstance(type_, GraphQLObjectType)
            types[index] = invalid_return_type_error(type_, sources[index], field.details)
