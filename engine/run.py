"""A run: one execution of a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLResolveInfo
from graphql.pyutils import Path

from .complete import Completion
from .drive import Pending, Steps, start, then, together
from .failure import Failure
from .field import Field, Kind
from .level import Level
from .nulls import Nulls
from .resolve import late_values, resolve

if TYPE_CHECKING:
    from .executor import BreadthFirstExecutor
    from .generate import Inner
    from .plan import Plan, Selection


class Run:
    """``failed`` is whether any failure stands in the answer; ``groups`` tells objects of abstract types apart."""

    __slots__ = (
        "executor",
        "failed",
        "groups",
        "is_async_iterable",
        "is_awaitable",
        "model",
        "plan",
        "variable_values",
    )

    def __init__(self, executor: BreadthFirstExecutor, plan: Plan) -> None:
        self.executor = executor
        self.plan = plan
        self.variable_values = executor.variable_values
        self.is_awaitable = executor.is_awaitable
        self.is_async_iterable = executor.is_async_iterable
        self.failed = False
        # The class of resolve infos, and the part of them that is the same for all fields.
        self.model: tuple[Any, tuple[Any, ...]] | None = None
        self.groups: list[tuple[Selection, list[dict[str, Any]]]] = []

    def fail(self, error: Exception) -> Failure:
        """Note that something failed."""
        self.failed = True
        return Failure(error)

    def guard(self, awaitable: Awaitable[Any]) -> Awaitable[Any]:
        """What a resolver left to be awaited, cut short when the operation is aborted."""
        executor = self.executor
        return awaitable if executor.abort_signal is None else executor.with_abort_signal(awaitable)

    def resolver(self, field: Field) -> Callable[..., Any]:
        """The function that resolves a field on one object, within the middleware if there is any."""
        executor = self.executor
        call: Callable[..., Any] = field.definition.resolve or executor.field_resolver
        manager = executor.middleware_manager
        return call if manager is None else manager.get_field_resolver(call)

    def info(self, field: Field, path: Path) -> GraphQLResolveInfo[Any]:
        """The resolve info of a field at a path."""
        nodes, definition = list(field.nodes), field.definition
        model = self.model
        if model is None:
            info = self.executor.build_resolve_info(definition, nodes, field.parent_type, path)
            if self.executor.uniform_infos:
                self.model = (type(info), tuple(info)[5:])
            return info
        kind, rest = model
        made: GraphQLResolveInfo[Any] = tuple.__new__(
            kind, (field.name, nodes, definition.type, field.parent_type, path, *rest)
        )
        return made

    def execute(self, *, serially: bool) -> Steps[dict[str, Any] | None]:
        """The data of the answer; errors are in the executor's collection."""
        selection = self.plan.root
        answer: dict[str, Any] = {
            field.key: selection.type.name if field.kind is Kind.TYPENAME else None for field in selection.fields
        }
        level = Level(selection, [self.executor.root_value], [answer])
        if serially:
            return (yield from self._one_by_one(level, answer))
        pending: Pending = []
        for field in selection.rest:
            self.start_field(field, level, pending)
        if pending:
            yield together(pending)
        return self._settled(level, answer, selection.fields) if self.failed else answer

    def _one_by_one(self, level: Level, answer: dict[str, Any]) -> Steps[dict[str, Any] | None]:
        """Each root field with all that is below it before the next begins."""
        executor = self.executor
        for field in level.selection.rest:
            signal = executor.abort_signal
            if signal is not None and signal.aborted:
                raise executor.abort_error()
            pending: Pending = []
            self.start_field(field, level, pending)
            if pending:
                yield together(pending)
            if self.failed and self._settled(level, answer, [field]) is None:
                return None
            self.failed = False
            self.groups.clear()
        return answer

    def _settled(self, level: Level, answer: dict[str, Any], fields: list[Field]) -> dict[str, Any] | None:
        nulls = Nulls(self)
        result: dict[str, Any] | None = answer
        try:
            for field in fields:
                path = Path(None, field.key, level.selection.type.name)
                answer[field.key] = nulls.settle(field, answer[field.key], path)
        except GraphQLError as error:
            nulls.errors.append(error)
            result = None
        self.executor.collected_errors.errors.extend(nulls.errors)
        return result

    def start_fields(
        self, level: Level, rest: list[Field], inner: list[Inner], carried: tuple[list[Any], ...], pending: Pending
    ) -> None:
        """Run the fields that the reader left, on the level's objects and on those that it answered inside them."""
        for field in rest:
            self.start_field(field, level, pending)
        for each in inner:
            sources = carried[each.carried]
            if sources:
                below = Level(each.selection, sources, carried[each.carried + 1], level, each.field)
                self.start_fields(below, each.rest, each.inner, carried, pending)

    def start_field(self, field: Field, level: Level, pending: Pending) -> None:
        """Resolve and complete one field for all objects, then start what is selected below it.

        Branches that have to wait are added to ``pending``.
        """
        values = resolve(field, level, self)
        completion = Completion(field, level, self)
        if isinstance(values, list):
            completed = completion.complete(field.position, values, completion.owners)
        else:
            completed = then(values, lambda values: completion.complete(field.position, values, completion.owners))
        if isinstance(completed, list):
            self._place(completion, completed, pending)
        else:
            start(self._place_later(completion, completed), pending)

    def _place_later(self, completion: Completion, completed: Steps[list[Any]]) -> Steps[Pending]:
        pending: Pending = []
        self._place(completion, (yield from completed), pending)
        return pending

    def _place(self, completion: Completion, completed: list[Any], pending: Pending) -> None:
        level, field = completion.level, completion.field
        key = field.key
        for answer, value in zip(level.answers, completed, strict=True):
            answer[key] = value
        for selection, sources, made, late in completion.work:
            below = Level(selection, sources, made.answers, level, field, completed)
            if late:
                start(late_values(below, late, self), pending)
            self.start_fields(below, made.rest, made.inner, made.carried, pending)
