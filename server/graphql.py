"""GraphQL over HTTP: request in, operation run, answer out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any, TypeAlias

import asyncpg
import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from auth.oauth.configuration import Configuration
from auth.viewer import Viewer
from domain.record_reads import record_reads
from gateways.payments import PaymentGateway
from loaders.loader import Loaders
from loaders.reads import Asked, Pools, Reads, RecordT
from schema.context import Context, Rate
from schema.guards import all_refused, one_per_path
from server.admission import Admission
from server.caching import PRIVATE, is_known, may_be_kept, public_headers
from server.deadlines import Deadline, DeadlinePassed, HungUp, Turn
from server.documents import Document, Documents, InvalidDocument, coded
from server.graphql_request import (
    EVENT_STREAM,
    JSON,
    GraphQLRequest,
    RequestRefused,
    answer_type,
    headers_of,
    read_request,
)
from server.pages import graphiql
from server.rate_limits import Taken
from server.statuses import status_of
from server.unavailable import SAYS, TIMEOUT, passing_trouble
from server.wire import Wire

log = logging.getLogger("clinicgraph.graphql")

MOST_ERRORS = 50
RETRY = ((b"retry-after", b"1"),)
AT_ONCE = 3
"""Executions under way in a process. With all 32 of 32 connections under way, each collection of garbage looks at the
rows of all of them: the latest 100 appointments took 3.96 ms of CPU instead of 2.73, and p99 was 351 ms instead of 138.
"""

ViewerOf: TypeAlias = Callable[[Scope], Awaitable[Viewer]]
Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


DEFAULT_WIRE = Wire()


class Endpoint:
    """The GraphQL endpoint, an ASGI application. `viewer_of` says who sent a request, or raises RequestRefused.

    It and `pools` are there once the server has started; `happened` is called after a commit that left events, and
    `event_stream` answers those who would rather have a stream.
    """

    viewer_of: ViewerOf
    pools: Pools
    event_stream: ASGIApp
    happened: Callable[[], None] = staticmethod(lambda: None)
    gateway: PaymentGateway | None = None
    address: str = ""
    installation: Configuration | None = None

    def __init__(self, schema: strawberry.Schema, clock: Clock = utc_now, wire: Wire = DEFAULT_WIRE) -> None:
        """Raises SettingsError for trusted documents that cannot be."""
        self.schema = schema._schema
        self.executor = schema.execution_context_class
        self.documents = Documents(schema._schema)
        self.clock = clock
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.wire = wire
        self.admission = Admission(self.documents, wire)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        if scope["method"] == "GET" and wants_page(headers):
            await (await graphiql(Request(scope, receive)))(scope, receive, send)
            return
        media_type = JSON
        try:
            media_type = answer_type(headers)
            if media_type == EVENT_STREAM:
                await self.event_stream(scope, receive, send)
                return
            viewer = scope["viewer"] = await self.viewer_of(scope)
            request = await read_request(scope, headers, receive)
            result = await self.run(request, scope, viewer, receive)
            recorded = record(scope.get("context"), self.pools)
            body = body_of(result, scope["request_id"])
            scope["errors"] = body.get("errors")
            if "data" in body and self.wire.show_cost:
                body["extensions"] = {"cost": scope["cost"]}
            content = encode(body)
            if recorded is not None:
                await recorded
        except RequestRefused as refusal:
            error = {"message": str(refusal), "extensions": {"code": refusal.code}}
            scope["errors"] = [error]
            await answer(send, refusal.status, encode({"errors": [error]}), media_type, *refusal.headers)
            return
        except HungUp:
            return
        except Exception as failure:  # noqa: BLE001 - shown as a masked bug, and logged where that is done
            body = {"errors": [show_error(GraphQLError("", original_error=failure), scope["request_id"])]}
            scope["errors"] = body["errors"]
            status = status_of(body, JSON, self.wire.http_profile)
            status = 500 if status == 200 else status
            await answer(send, status, encode(body), media_type, *(RETRY if status == 503 else ()))
            return
        status = status_of(body, media_type, self.wire.http_profile)
        if "errors" not in body and may_be_kept(request, scope, headers):
            await answer_to_keep(send, content, media_type, headers)
            return
        rate = scope.get("rate")
        more = RETRY if status == 503 else ()
        await answer(send, status, content, media_type, *more, *(() if rate is None else rate.headers))

    async def look_up(self, text: str, arguments: Sequence[object], row_type: type[RecordT]) -> list[RecordT]:
        """The rows of one statement that belongs to no request."""
        return await self.pools.lookups.fetch(text, arguments, row_type)

    async def run(
        self, request: GraphQLRequest, scope: Scope, viewer: Viewer, receive: Receive | None = None
    ) -> ExecutionResult:
        """Runs a request's operation; what is wrong with the request itself comes back as errors without a path.

        Raises RequestRefused, and HungUp if the client of `receive` does while a query runs.
        """
        try:
            document = await self.admission.read(request, scope, viewer)
            reads_only = document.is_query(request.operation_name)
            scope["operation"] = document, document.operation(request.operation_name)
            if scope["method"] in ("GET", "QUERY") and not reads_only:
                method = scope["method"]
                raise RequestRefused(405, f"a {method} only reads: send this operation by POST", (b"allow", b"POST"))
            if document.is_subscription(request.operation_name):
                raise RequestRefused(
                    406, "a subscription is answered over WebSocket, or with Accept: text/event-stream"
                )
            await self.admission.admit(document, request, scope, viewer)
        except InvalidDocument as invalid:
            return ExecutionResult(None, invalid.errors)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        seconds = self.wire.operation_timeout
        try:
            if not reads_only:
                # It may wait for locks, and would keep readers waiting with it; its connections are limit enough. And
                # it runs to its end though its client may have hung up.
                async with Deadline(seconds):
                    return await self._execute(document, request, scope, viewer)
            turn = Turn(self.turns)
            async with Deadline(seconds, receive, turn.give_back), turn:
                return await self._execute(document, request, scope, viewer)
        except DeadlinePassed:
            return ExecutionResult(None, [timed_out(seconds, reads_only=reads_only)])

    async def _execute(
        self, document: Document, request: GraphQLRequest, scope: Scope, viewer: Viewer
    ) -> ExecutionResult:
        now = self.clock()
        context = make_context(
            *(self.pools, viewer, now, scope["request_id"], document.asked, self.happened),
            gateway=self.gateway,
            address=self.address,
            installation=self.installation,
            rate=rate_of(scope.get("rate"), now),
        )
        scope["context"] = context
        executor = self.executor.build(
            self.schema,
            document.node,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            hide_suggestions=self.admission.hides_schema(viewer),
        )
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        result: Any = executor.execute_operation()
        if isawaitable(result):
            result = await result
        assert isinstance(result, ExecutionResult)
        if (objects := getattr(executor, "objects", None)) is not None:
            scope["cost"]["actual"] = objects
        return result


def wants_page(headers: dict[bytes, bytes]) -> bool:
    """Whether a browser asks for a page and not for an answer."""
    return b"text/html" in headers.get(b"accept", b"")


def record(context: Context | None, pools: Pools) -> "asyncio.Task[Any] | None":
    """Records whose data a request has read, while its answer is being assembled; None if nothing is to be recorded."""
    if context is None or not context.reads.seen:
        return None
    seen = {row.__name__.removesuffix("Row"): keys for row, keys in context.reads.seen.items()}
    paid = seen.pop("Payment", set())
    statement = record_reads(context.viewer, context.now, context.request_id, seen, paid)
    if statement is None:
        return None
    return asyncio.ensure_future(pools.lookups.fetch(*statement, asyncpg.Record))


def body_of(result: ExecutionResult, request_id: str) -> dict[str, Any]:
    """A result as callers see it; without `data` if the request itself was wrong."""
    request_failed = result.data is None and all(error.path is None for error in result.errors or ())
    body: dict[str, Any] = {} if request_failed else {"data": result.data}
    if result.errors:
        if all_refused(result.data, result.errors):
            body = {"data": None}
        errors = one_per_path(result.errors)
        shown = [show_error(error, request_id) for error in errors[:MOST_ERRORS]]
        if (more := len(errors) - MOST_ERRORS) > 0:
            shown.append({"message": f"{more} more errors are not shown", "extensions": {"code": "TOO_MANY_ERRORS"}})
        body = {"errors": shown, **body}
    return body


def timed_out(seconds: float, *, reads_only: bool) -> GraphQLError:
    message = f"this took longer than {seconds:g} s"
    if not reads_only:
        message += "; ask again with the same idempotencyKey to see whether it was done"
    return GraphQLError(message, extensions={"code": TIMEOUT})


def rate_of(taken: Taken | None, now: datetime) -> Rate | None:
    """What is left to a caller, as the schema tells it."""
    if taken is None:
        return None
    return Rate(taken.limit, taken.cost, taken.remaining, now + timedelta(seconds=taken.seconds_to_full))


def encode(body: Any) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


async def answer(send: Send, status: int, content: bytes, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Answers what nobody may keep."""
    described = [
        (b"content-type", media_type + b"; charset=utf-8"),
        (b"content-length", b"%d" % len(content)),
        PRIVATE,
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": content})


async def answer_to_keep(send: Send, content: bytes, media_type: bytes, headers: dict[bytes, bytes]) -> None:
    """Answers what everybody may keep, with 304 if this caller has."""
    kept = public_headers(content)
    if is_known(headers, dict(kept)[b"etag"]):
        await send({"type": "http.response.start", "status": 304, "headers": list(kept)})
        await send({"type": "http.response.body", "body": b""})
        return
    length = (b"content-length", b"%d" % len(content))
    described = [(b"content-type", media_type + b"; charset=utf-8"), length, *kept]
    await send({"type": "http.response.start", "status": 200, "headers": described})
    await send({"type": "http.response.body", "body": content})


def make_context(
    pools: Pools,
    viewer: Viewer,
    now: datetime,
    request_id: str,
    asked: Asked,
    happened: Callable[[], None],
    *,
    gateway: PaymentGateway | None = None,
    address: str = "",
    installation: Configuration | None = None,
    rate: Rate | None = None,
) -> Context:
    """What a request carries, with loaders of its own."""
    reads = Reads(pools, viewer, now, asked)
    return Context(
        viewer=viewer,
        now=now,
        request_id=request_id,
        reads=reads,
        loaders=Loaders(reads),
        writes=pools.writes,
        happened=happened,
        gateway=gateway,
        address=address,
        installation=installation,
        rate=rate,
    )


def show_error(error: GraphQLError, request_id: str) -> Any:
    """An error as the client sees it. What is not meant for callers is logged whole and shown as a masked bug."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return (coded(error, "BAD_USER_INPUT") if error.path is None else error).formatted
    if (code := passing_trouble(cause)) is not None:
        log.warning("request %s: %s: %s", request_id, error.path, type(cause).__name__)
        message, extensions = SAYS[code], {"code": code}
    else:
        log.error("request %s: %s failed", request_id, error.path, exc_info=cause)
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
