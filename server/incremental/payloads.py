"""The results of an incremental execution as callers see them, in the format of 2024."""

from typing import Any, TypeAlias

from graphql import GraphQLError
from graphql.execution import (
    CompletedResult,
    IncrementalResult,
    IncrementalStreamResult,
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)

from server.bodies import MOST_ERRORS, show_error, show_errors

Body: TypeAlias = dict[str, Any]


class Payloads:
    """Bodies of one answer, in their order: what is refused is said once, and at most as many errors as in any answer.

    `errors` are those that were shown so far. Each body that was told is given back by `told`.
    """

    def __init__(self, request_id: str) -> None:
        self.errors: list[Any] = []
        self._request_id = request_id
        self._refused: set[tuple[str | int, ...]] = set()
        self._pending: dict[str, None] = {}

    def first(self, result: InitialIncrementalExecutionResult) -> Body:
        body: Body = {**self._shown(result.errors, self._refused), "data": result.data}
        return {**body, "pending": [each.formatted for each in result.pending], "hasNext": True}

    def next(self, result: SubsequentIncrementalExecutionResult) -> Body:
        body: Body = {}
        if result.pending:
            body["pending"] = [each.formatted for each in result.pending]
        if result.incremental:
            body["incremental"] = [self._later(each) for each in result.incremental]
        if result.completed:
            body["completed"] = [self._completed(each) for each in result.completed]
        return {**body, "hasNext": result.has_next}

    def last(self, error: GraphQLError) -> Body:
        """What is said in place of all that was still to come."""
        shown = [show_error(error, self._request_id)]
        self.errors += shown
        return {"completed": [{"id": each, "errors": shown} for each in self._pending], "hasNext": False}

    def told(self, body: Body) -> None:
        self._pending.update((each["id"], None) for each in body.get("pending", ()))
        for each in body.get("completed", ()):
            del self._pending[each["id"]]

    def _later(self, result: IncrementalResult) -> Body:
        found = {"items": result.items} if isinstance(result, IncrementalStreamResult) else {"data": result.data}
        below = {"subPath": result.sub_path} if result.sub_path else {}
        return {"id": result.id, **below, **found, **self._shown(result.errors, self._refused)}

    def _completed(self, result: CompletedResult) -> Body:
        # That it failed is said by its errors: they stay, though they may have been said of another.
        return {"id": result.id, **self._shown(result.errors, set())}

    def _shown(self, errors: list[GraphQLError] | None, refused: set[tuple[str | int, ...]]) -> Body:
        if not errors:
            return {}
        left = max(MOST_ERRORS - len(self.errors), 0)
        shown = show_errors(errors, self._request_id, left, refused)
        self.errors += shown
        return {"errors": shown} if shown else {}
