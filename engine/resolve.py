"""Resolving: the values of one field for all objects of a level, in one of four ways.

The values come back as they are, one for each object, an exception standing for the value it prevented.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from graphql.pyutils import Undefined

from .drive import Soon, Steps, outcomes
from .field import Field, Kind, Late, is_atomic
from .kinds import all_inert
from .reads import default_read
from .within import parts_of, within_all

if TYPE_CHECKING:
    from .level import Level
    from .run import Run


def resolve(field: Field, level: Level, run: Run) -> Soon:
    """The values of a field."""
    if field.kind is Kind.BATCH:
        place = within_all(level.sources).get(field.coordinates)
        return _batch(field, level, run) if place is None else [*parts_of(level.sources, place)]
    if field.kind is Kind.RESOLVE:
        return _each(field, level, run)
    if field.kind is Kind.READ:
        return _read(field, level, run)
    return _default(field, level, run)


def _batch(field: Field, level: Level, run: Run) -> Soon:
    """One call for all objects."""
    assert field.batch is not None
    count = len(level.sources)
    try:
        info = run.info(field, level.route_to(field))
        values = field.batch(list(level.sources), info, **field.arguments(run))
    except Exception as error:  # noqa: BLE001 - it is the error of each object
        return [error] * count
    if type(values) is not list and run.is_awaitable(values):
        return _await_batch(field, values, count, run)
    return _checked(field, values, count)


def _await_batch(field: Field, waiting: Awaitable[Any], count: int, run: Run) -> Steps[list[Any]]:
    try:
        values = yield run.guard(waiting)
    except Exception as error:  # noqa: BLE001 - it is the error of each object
        return [error] * count
    return _checked(field, values, count)


def _checked(field: Field, values: Any, count: int) -> list[Any]:
    """One value for each object, or the same error for each."""
    try:
        values = values if type(values) is list else list(values)
    except Exception as error:  # noqa: BLE001 - it is the error of each object
        return [error] * count
    if len(values) == count:
        return values  # type: ignore[no-any-return]
    message = (
        f"Batch resolver of field '{field.parent_type}.{field.name}' was given {count} objects"
        f" and returned {len(values)} values."
    )
    return [RuntimeError(message)] * count


def _each(field: Field, level: Level, run: Run) -> Soon:
    """One call for each object."""
    call = run.resolver(field)
    try:
        arguments = field.arguments(run)
    except Exception as error:  # noqa: BLE001 - it is the error of each object
        return [error] * len(level.sources)
    # A resolver may change a list or an input object that it is given: each call gets its own.
    shared = field.constant is not None or is_atomic(arguments)
    values: list[Any] = []
    append = values.append
    for source, info in zip(level.sources, level.infos(field, run), strict=True):
        try:
            append(call(source, info, **(arguments if shared else field.arguments(run))))
        except Exception as error:  # noqa: BLE001 - it is the error of this object
            append(error)
    return settle(values, run)


def _read(field: Field, level: Level, run: Run) -> list[Any]:
    """A declared read of something that is not a plain leaf."""
    assert field.read is not None
    if (error := _argument_error(field, run)) is not None:
        return [error] * len(level.sources)
    read = field.read
    values: list[Any] = []
    append = values.append
    for source in level.sources:
        try:
            append(read(source))
        except Exception as error:  # noqa: BLE001 - it is the error of this object
            append(error)
    return values


def _default(field: Field, level: Level, run: Run) -> Soon:
    """What graphql-core's default resolver does, without calling it."""
    try:
        arguments = field.arguments(run)
    except Exception as error:  # noqa: BLE001 - it is the error of each object
        return [error] * len(level.sources)
    name = field.name
    values: list[Any] = []
    append = values.append
    for index, source in enumerate(level.sources):
        try:
            value = source.get(name) if type(source) is dict else default_read(source, name)
            if callable(value):
                value = value(level.info_at(field, index, run), **(arguments and field.arguments(run)))
        except Exception as error:  # noqa: BLE001 - it is the error of this object
            value = error
        append(value)
    return settle(values, run)


def _argument_error(field: Field, run: Run) -> Exception | None:
    try:
        field.arguments(run)
    except Exception as error:  # noqa: BLE001 - it is the error of each object
        return error
    return None


def settle(values: list[Any], run: Run) -> Soon:
    """Await the values that can be awaited, all together, and put what came in their places."""
    if all_inert(values):
        return values
    is_awaitable = run.is_awaitable
    places = [index for index, value in enumerate(values) if is_awaitable(value)]
    return _await_values(values, places, run) if places else values


def settled(values: list[Any], run: Run) -> Steps[list[Any]]:
    """The same as steps."""
    settling = settle(values, run)
    return settling if isinstance(settling, list) else (yield from settling)


def _await_values(values: list[Any], places: list[int], run: Run) -> Steps[list[Any]]:
    results = yield outcomes([run.guard(values[index]) for index in places])
    for index, value in zip(places, results, strict=True):
        values[index] = value
    return values


def late_values(level: Level, late: Late, run: Run) -> Steps[None]:
    """Finish the leaves that the default resolver's read left to be called or awaited."""
    fields: dict[Field, tuple[list[int], list[Any]]] = {}
    for field, index, value in late:
        places, values = fields.setdefault(field, ([], []))
        places.append(index)
        try:
            values.append(value(level.info_at(field, index, run)) if callable(value) else value)
        except Exception as error:  # noqa: BLE001 - it is the error of this object
            values.append(error)
    everything = [value for _, values in fields.values() for value in values]
    results = iter((yield from settled(everything, run)))
    for field, (places, _) in fields.items():
        one = field.position.leaf.one
        for index in places:
            level.answers[index][field.key] = one(next(results, Undefined), run)
