"""Nulls: a finished answer with failures in it becomes the answer and the errors of the specification.

The answer is walked as graphql-core would have executed it, depth first and in order: each failure gets its path
and locations, a null rises to the next nullable position, and what stands behind the first failed non-null
position of an object or a list is not looked at, as graphql-core does not get there either. So the errors are
the same, in the same order, however the resolvers were scheduled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, located_error
from graphql.pyutils import Path

from .failure import Failure
from .position import Position, Shape

if TYPE_CHECKING:
    from .field import Field
    from .plan import Selection
    from .run import Run


class Nulls:
    """Settles the failures of one run; ``errors`` collects what is reported."""

    def __init__(self, run: Run) -> None:
        self.errors: list[GraphQLError] = []
        self._propagate = run.executor.error_propagation
        self._selections: dict[int, Selection] = {
            id(answer): selection for selection, answers in run.groups for answer in answers
        }

    def settle(self, field: Field, value: Any, path: Path) -> Any:
        """The value that a field has in the answer; raises the error that its parent has to bear."""
        return self._settle(field, field.position, value, path)

    def _settle(self, field: Field, position: Position, value: Any, path: Path) -> Any:
        try:
            if type(value) is Failure:
                raise located_error(value.error, field.nodes, path.as_list())
            if value is not None and position.shape is not Shape.LEAF:
                self._inside(field, position, value, path)
        except GraphQLError as error:
            if position.non_null and self._propagate:
                raise
            self.errors.append(error)
            return None
        return value

    def _inside(self, field: Field, position: Position, value: Any, path: Path) -> None:
        if position.shape is Shape.LIST:
            for index, item in enumerate(value):
                value[index] = self._settle(field, position.item, item, Path(path, index, None))
            return
        selection = self._selections.get(id(value)) or field.select(position.object)
        typename = selection.type.name
        for inner in selection.fields:
            value[inner.key] = self.settle(inner, value[inner.key], Path(path, inner.key, typename))
