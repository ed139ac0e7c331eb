"""Operations over a WebSocket are noted one by one; those of an event stream are noted as its HTTP request."""

from time import perf_counter

from starlette.types import Scope

from server import request_id
from server.graphql_request import RequestRefused
from server.request_notes import note


def operation_begins(scope: Scope) -> None:
    if "is_noted" not in scope:
        request_id.current.set(scope["request_id"])
        scope["began"] = perf_counter()


def operation_ends(scope: Scope, error: Exception | None = None) -> None:
    """Notes an operation, with what ended it if it was not its own end."""
    if isinstance(error, RequestRefused):
        scope["errors"] = [{"extensions": {"code": error.code}}]
    elif error is not None:
        scope["errors"] = getattr(error, "errors", [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}])
    if "is_noted" in scope:
        return
    status = error.status if isinstance(error, RequestRefused) else 200
    note(scope, status, perf_counter() - scope["began"], "websocket")
