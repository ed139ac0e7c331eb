"""Results as callers see them: what is refused is said, and what is a bug is masked."""

import logging
from typing import Any

from graphql import ExecutionResult, FieldNode, GraphQLError

from schema.guards import all_refused, one_per_path
from server.documents import coded
from server.unavailable import SAYS, passing_trouble

log = logging.getLogger("clinicgraph.graphql")

MOST_ERRORS = 50


def body_of(result: ExecutionResult, request_id: str) -> dict[str, Any]:
    """A result as callers see it; without `data` if the request itself was wrong."""
    request_failed = result.data is None and all(error.path is None for error in result.errors or ())
    body: dict[str, Any] = {} if request_failed else {"data": result.data}
    if result.errors:
        if all_refused(result.data, result.errors):
            body = {"data": None}
        body = {"errors": show_errors(result.errors, request_id, MOST_ERRORS, set()), **body}
    return body


def show_errors(
    errors: list[GraphQLError], request_id: str, most: int, refused: set[tuple[str | int, ...]]
) -> list[Any]:
    """Errors as the client sees them: `most` of them, and none for a path that was `refused` before."""
    errors = one_per_path(errors, refused)
    shown = [show_error(error, request_id) for error in errors[:most]]
    if (more := len(errors) - most) > 0:
        shown.append({"message": f"{more} more errors are not shown", "extensions": {"code": "TOO_MANY_ERRORS"}})
    return shown


def show_error(error: GraphQLError, request_id: str) -> Any:
    """An error as the client sees it. What is not meant for callers is logged whole and shown as a masked bug."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return (coded(error, "BAD_USER_INPUT") if error.path is None else error).formatted
    if (code := passing_trouble(cause)) is not None:
        log.warning("request %s: %s: %s", request_id, _field(error), type(cause).__name__)
        message, extensions = SAYS[code], {"code": code}
    else:
        log.error("request %s: %s failed", request_id, _field(error), exc_info=cause)
        message = "something went wrong here; it has been noted"
        extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}
    masked = GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
    return masked.formatted


def _field(error: GraphQLError) -> str:
    """The field that failed, by its name in the schema: the aliases of its path are a client's own words."""
    return next((node.name.value for node in error.nodes or () if isinstance(node, FieldNode)), "the operation")
