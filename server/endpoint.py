"""The GraphQL endpoint: runs operations, whichever way they came."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from inspect import isawaitable
from typing import Any, TypeAlias

import strawberry
from graphql import (
    ExecutionResult,
    ExperimentalIncrementalExecutionResults,
    GraphQLError,
    GraphQLSchema,
    OperationType,
)
from starlette.types import Receive, Scope

from auth.oauth.configuration import Configuration
from auth.viewer import Viewer
from gateways.payments import PaymentGateway
from loaders.loader import Loaders
from loaders.reads import Pools, Reads, RecordT
from models.clock import Clock, utc_now
from server.accepted import in_payloads
from server.admission import Admission
from server.deadlines import Deadline, DeadlinePassed, Turn
from server.documents import Document, Documents, InvalidDocument
from server.graphql_request import GraphQLRequest, RequestRefused
from server.read_audit import ReadAudit
from server.request_context import make_context, rate_of
from server.unavailable import TIMEOUT
from server.wire import Wire

AT_ONCE = 8
"""Executions under way in a process: enough that it has work while PostgreSQL does its own, and no more. Each has its
rows in memory, and waits longer for its turn at the one core the more there are.
"""
LIGHT = 20
"""The cost up to which a query needs no turn: it has few rows, and would wait behind those that have many."""

ViewerOf: TypeAlias = Callable[[Scope], Awaitable[Viewer]]
Result: TypeAlias = ExecutionResult | ExperimentalIncrementalExecutionResults

DEFAULT_WIRE = Wire()


class Endpoint:
    """What runs operations. `viewer_of` says who sent a request, or raises RequestRefused.

    It and `pools` are there once the server has started; `happened` is called after a commit that left events.
    """

    viewer_of: ViewerOf
    pools: Pools
    happened: Callable[[], None] = staticmethod(lambda: None)
    gateway: PaymentGateway | None = None
    address: str = ""
    installation: Configuration | None = None

    def __init__(
        self,
        schema: strawberry.Schema,
        clock: Clock = utc_now,
        wire: Wire = DEFAULT_WIRE,
        *,
        documents: Callable[[GraphQLSchema], Documents] = Documents,
        loaders: Callable[[Reads], Loaders] = Loaders,
    ) -> None:
        """Raises SettingsError for trusted documents that cannot be."""
        self.schema = schema._schema
        self.executor = schema.execution_context_class
        self.documents = documents(schema._schema)
        self.loaders = loaders
        self.clock = clock
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.wire = wire
        self.admission = Admission(self.documents, wire)
        self.read_audit = ReadAudit(lambda: self.pools)

    async def look_up(self, text: str, arguments: Sequence[object], row_type: type[RecordT]) -> list[RecordT]:
        """The rows of one statement that belongs to no request."""
        return await self.pools.lookups.fetch(text, arguments, row_type)

    async def run(
        self,
        request: GraphQLRequest,
        scope: Scope,
        viewer: Viewer,
        receive: Receive | None = None,
        headers: dict[bytes, bytes] | None = None,
    ) -> Result:
        """Runs a request's operation; what is wrong with the request itself comes back as errors without a path.

        Where `headers` ask for several payloads, what `@defer` and `@stream` leave for later is in the result, and
        `scope["ends"]` is when its time is over. Raises RequestRefused, and HungUp if the client of `receive` does
        while a query runs.
        """
        try:
            document = await self.admission.read(request, scope, viewer)
            operation = document.operation(request.operation_name)
            reads_only = operation.operation is OperationType.QUERY
            scope["operation"] = document, operation
            if scope["method"] in ("GET", "QUERY") and not reads_only:
                method = scope["method"]
                raise RequestRefused(405, f"a {method} only reads: send this operation by POST", (b"allow", b"POST"))
            if operation.operation is OperationType.SUBSCRIPTION:
                raise RequestRefused(
                    406, "a subscription is answered over WebSocket, or with Accept: text/event-stream"
                )
            if document.incremental is not None and headers is not None and in_payloads(headers):
                document = document.incrementally(request.operation_name, request.variables or {})
                scope["ends"] = asyncio.get_running_loop().time() + self.wire.operation_timeout
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
            if scope["cost"]["estimated"] <= LIGHT:
                async with Deadline(seconds, receive):
                    return await self._execute(document, request, scope, viewer)
            turn = Turn(self.turns)
            async with Deadline(seconds, receive, turn.give_back), turn:
                return await self._execute(document, request, scope, viewer)
        except DeadlinePassed:
            return ExecutionResult(None, [timed_out(seconds, reads_only=reads_only)])

    def delivering(self, scope: Scope) -> AbstractContextManager[None]:  # noqa: ARG002 - for subclasses
        """Is around the payloads that follow the first."""
        return nullcontext()

    async def _execute(self, document: Document, request: GraphQLRequest, scope: Scope, viewer: Viewer) -> Result:
        now = self.clock()
        context = make_context(
            *(self.pools, viewer, now, scope["request_id"], document.asked, self.happened),
            gateway=self.gateway,
            address=self.address,
            installation=self.installation,
            loaders=self.loaders,
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
            try:
                result = await result
            except asyncio.CancelledError:
                context.loaders.give_up()
                raise
        assert isinstance(result, (ExecutionResult, ExperimentalIncrementalExecutionResults))
        if (objects := getattr(executor, "objects", None)) is not None:
            scope["cost"]["actual"] = objects
        return result


def timed_out(seconds: float, *, reads_only: bool) -> GraphQLError:
    message = f"this took longer than {seconds:g} s"
    if not reads_only:
        message += "; ask again with the same idempotencyKey to see whether it was done"
    return GraphQLError(message, extensions={"code": TIMEOUT})
