"""GraphQL over HTTP: request in, operation run, answer out."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, TypeAlias

import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError, execute
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from auth.viewer import Viewer
from loaders.loader import Loaders
from loaders.reads import Asked, Pools, Reads
from schema.context import Context
from schema.guards import all_refused, one_per_path
from server.documents import Documents, InvalidDocument, coded
from server.graphql_request import (
    JSON,
    GraphQLRequest,
    RequestRefused,
    answer_type,
    headers_of,
    read_request,
)
from server.pages import graphiql

log = logging.getLogger("clinicgraph.graphql")

AT_ONCE = 3
"""Executions under way in a process. With all 32 of 32 connections under way, each collection of garbage looks at the
rows of all of them: the latest 100 appointments took 3.96 ms of CPU instead of 2.73, and p99 was 351 ms instead of 138.
"""

ViewerOf: TypeAlias = Callable[[Scope], Viewer]
Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Endpoint:
    """The GraphQL endpoint, an ASGI application. `viewer_of` says who sent a request.

    `pools` are there once the server has started.
    """

    pools: Pools

    def __init__(self, schema: strawberry.Schema, viewer_of: ViewerOf, clock: Clock = utc_now) -> None:
        self._schema = schema._schema
        self._executor = schema.execution_context_class
        self._documents = Documents(schema._schema)
        self._viewer_of = viewer_of
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        if scope["method"] == "GET" and wants_page(headers):
            await (await graphiql(Request(scope, receive)))(scope, receive, send)
            return
        media_type = JSON
        try:
            media_type = answer_type(headers)
            result = await self._run(await read_request(scope, headers, receive), scope)
        except RequestRefused as refusal:
            error = {"message": str(refusal), "extensions": {"code": "BAD_REQUEST"}}
            await answer(send, refusal.status, {"errors": [error]}, media_type, *refusal.headers)
            return
        request_failed = result.data is None and all(error.path is None for error in result.errors or ())
        body: dict[str, Any] = {} if request_failed else {"data": result.data}
        if result.errors:
            if all_refused(result.data, result.errors):
                body = {"data": None}
            shown = [show_error(error, scope["request_id"]) for error in one_per_path(result.errors)]
            body = {"errors": shown, **body}
        await answer(send, 400 if request_failed and media_type != JSON else 200, body, media_type)

    async def _run(self, request: GraphQLRequest, scope: Scope) -> ExecutionResult:
        """Runs a request's operation; what is wrong with the request itself comes back as errors without a path."""
        try:
            document = self._documents.read(request.query)
            reads_only = document.is_query(request.operation_name)
        except InvalidDocument as invalid:
            return ExecutionResult(None, invalid.errors)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        if scope["method"] == "GET" and not reads_only:
            raise RequestRefused(405, "a GET only reads: send this operation by POST", (b"allow", b"POST"))
        viewer, now = self._viewer_of(scope), self._clock()
        context = make_context(self.pools, viewer, now, scope["request_id"], document.asked)
        scope["context"] = context
        async with self._turns:
            result: Any = execute(
                self._schema,
                document.node,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
                executor_class=self._executor,
            )
            if isawaitable(result):
                result = await result
        assert isinstance(result, ExecutionResult)
        return result


def wants_page(headers: dict[bytes, bytes]) -> bool:
    """Whether a browser asks for a page and not for an answer."""
    return b"text/html" in headers.get(b"accept", b"")


async def answer(send: Send, status: int, body: Any, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    content = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    described = [
        (b"content-type", media_type + b"; charset=utf-8"),
        (b"content-length", b"%d" % len(content)),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": content})


def make_context(pools: Pools, viewer: Viewer, now: datetime, request_id: str, asked: Asked) -> Context:
    """What a request carries, with loaders of its own."""
    reads = Reads(pools, viewer, now, asked)
    return Context(viewer=viewer, now=now, request_id=request_id, reads=reads, loaders=Loaders(reads))


def show_error(error: GraphQLError, request_id: str) -> Any:
    """An error as the client sees it. What is not meant for callers is logged whole and shown as a masked bug."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return (coded(error, "BAD_USER_INPUT") if error.path is None else error).formatted
    log.error("request %s: %s failed", request_id, error.path, exc_info=cause)
    masked = GraphQLError(
        "something went wrong here; it has been noted",
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
    )
    return masked.formatted
