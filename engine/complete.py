"""Completing: the values of one field become what the answer says, for all objects together.

Objects are only turned into answers here (their plain leaves with them); what else is selected on them is left
as ``Work`` for when the answers stand in their places.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError
from graphql.pyutils import Undefined, is_iterable

from .abstract import selections_of
from .drive import Soon, Steps, outcomes, then
from .field import Field, Late
from .kinds import all_plain
from .position import Position, Shape
from .read import Made, read
from .resolve import settle

if TYPE_CHECKING:
    from .level import Level
    from .plan import Selection
    from .run import Run

Owners = Callable[[], list[int]]
"""For each value the index of the parent object that it belongs to; only worked out when asked."""


class Work(NamedTuple):
    """Objects whose further fields are to be run."""

    selection: Selection
    sources: list[Any]
    made: Made
    late: Late


class Completion:
    """Completes the values of one field on one level."""

    __slots__ = ("field", "level", "run", "work")

    def __init__(self, field: Field, level: Level, run: Run) -> None:
        self.field = field
        self.level = level
        self.run = run
        self.work: list[Work] = []

    def owners(self) -> list[int]:
        """At the top every object owns one value."""
        return list(range(len(self.level.sources)))

    def complete(self, position: Position, values: list[Any], owners: Owners) -> Soon:
        """Complete values at a position."""
        if position.shape is Shape.LEAF:
            return position.leaf.many(values, self.run)
        inner = self._lists if position.shape is Shape.LIST else self._objects
        if all_plain(values):
            return inner(position, values, owners)
        completed: list[Any] = []
        places: list[int] = []
        for index, value in enumerate(values):
            if isinstance(value, Exception):
                completed.append(self.run.fail(value))
            elif value is None or value is Undefined:
                message = position.null_message
                completed.append(self.run.fail(TypeError(message)) if position.non_null else None)
            else:
                completed.append(None)
                places.append(index)
        if not places:
            return completed
        found = inner(position, _pick(values, places), lambda: _pick(owners(), places))

        def merge(found: list[Any]) -> list[Any]:
            for index, value in zip(places, found, strict=True):
                completed[index] = value
            return completed

        return merge(found) if isinstance(found, list) else then(found, merge)

    def _objects(self, position: Position, sources: list[Any], owners: Owners) -> Soon:
        """Objects become answers."""
        if position.shape is Shape.ABSTRACT or position.object.is_type_of is not None:
            return self._objects_by_type(position, sources, owners)
        try:
            selection = self.field.select(position.object)
        except Exception as error:  # noqa: BLE001 - it is the error of each object
            return [self.run.fail(error) for _ in sources]
        return self._answers(selection, sources)

    def _objects_by_type(self, position: Position, sources: list[Any], owners: Owners) -> Steps[list[Any]]:
        """Objects become answers, grouped by what is selected on their type."""
        selections = yield from selections_of(position, self.field, self.level, sources, owners, self.run)
        groups: dict[Selection, list[int]] = {}
        completed: list[Any] = []
        for index, selection_or_error in enumerate(selections):
            if isinstance(selection_or_error, Exception):
                completed.append(self.run.fail(selection_or_error))
            else:
                completed.append(None)
                groups.setdefault(selection_or_error, []).append(index)
        for selection, places in groups.items():
            answers = self._answers(selection, _pick(sources, places))
            self.run.groups.append((selection, answers))
            for index, answer in zip(places, answers, strict=True):
                completed[index] = answer
        return completed

    def _answers(self, selection: Selection, sources: list[Any]) -> list[Any]:
        late: Late = []
        made = read(selection, sources, self.run, late)
        executor = self.run.executor
        executor.objects = (executor.objects or 0) + made.objects
        if made.rest or made.inner or late:
            self.work.append(Work(selection, sources, made, late))
        return made.answers

    def _lists(self, position: Position, values: list[Any], owners: Owners) -> Soon:
        """Lists are completed as one list of all their items."""

        def with_items(lists: list[Any]) -> Soon:
            good = [items for items in lists if not isinstance(items, Exception)]
            flat = settle(list(chain.from_iterable(good)), self.run)
            return with_flat(lists, flat) if isinstance(flat, list) else then(flat, partial(with_flat, lists))

        def with_flat(lists: list[Any], flat: list[Any]) -> Soon:
            completed = self.complete(position.item, flat, lambda: _item_owners(owners(), lists))
            return split(lists, completed) if isinstance(completed, list) else then(completed, partial(split, lists))

        def split(lists: list[Any], completed: list[Any]) -> list[Any]:
            result: list[Any] = []
            start = 0
            for items in lists:
                if isinstance(items, Exception):
                    result.append(self.run.fail(items))
                else:
                    end = start + len(items)
                    result.append(completed[start:end])
                    start = end
            return result

        lists = self._items(values)
        return with_items(lists) if isinstance(lists, list) else then(lists, with_items)

    def _items(self, values: list[Any]) -> Soon:
        """The items of each value, or why there are none."""
        lists: list[Any] = []
        waiting: list[int] = []
        for value in values:
            if type(value) is list or type(value) is tuple:
                lists.append(value)
            elif self.run.is_async_iterable(value):
                waiting.append(len(lists))
                lists.append(value)
            elif not is_iterable(value):
                field = self.field
                message = "Expected Iterable, but did not find one for field"
                lists.append(GraphQLError(f"{message} '{field.parent_type}.{field.name}'."))
            else:
                try:
                    lists.append(list(value))
                except Exception as error:  # noqa: BLE001 - the iterator's error is the list's
                    lists.append(error)
        return self._await_items(lists, waiting) if waiting else lists

    def _await_items(self, lists: list[Any], waiting: list[int]) -> Steps[list[Any]]:
        collected = yield outcomes([self._collect(lists[index]) for index in waiting])
        for index, items in zip(waiting, collected, strict=True):
            lists[index] = items
        return lists

    async def _collect(self, iterable: AsyncIterable[Any]) -> list[Any]:
        iterator = self.run.executor.cancellable_iterable(iterable).__aiter__()
        try:
            return [item async for item in iterator]
        except Exception:
            with suppress(Exception):
                await iterator.aclose()  # type: ignore[attr-defined]
            raise


def _item_owners(owners: list[int], lists: list[Any]) -> list[int]:
    return [
        owner for owner, items in zip(owners, lists, strict=True) if not isinstance(items, Exception) for _ in items
    ]


def _pick(values: list[Any], places: list[int]) -> list[Any]:
    return [values[index] for index in places]
