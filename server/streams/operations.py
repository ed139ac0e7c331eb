"""Operations whose answers are a stream: a subscription's many, or the one of a query or mutation."""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Protocol, TypeAlias

from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import create_source_event_stream
from starlette.types import Scope

from loaders.events import Events, PositionExpired, TooSlow
from schema.context import Context
from schema.streams import StreamContext, Told, position_expired
from server.bodies import body_of
from server.documents import Document, InvalidDocument
from server.endpoint import Endpoint
from server.graphql_request import GraphQLRequest, RequestRefused
from server.incremental.delivery import Tell, deliver
from server.incremental.payloads import Body
from server.metrics import SUBSCRIPTIONS, observe_reads
from server.request_context import make_context
from server.streams.notes import operation_begins, operation_ends

log = logging.getLogger("clinicgraph.streams")

Execute: TypeAlias = Callable[[Any, Context], Awaitable[Body]]


class OperationRefused(Exception):
    """An operation that was not started; `errors` say why, as callers see them."""

    def __init__(self, errors: list[Any]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


class Answers(Protocol):
    """The answers of an operation, each the body of a GraphQL response. To be closed, also if it was never begun."""

    async def tell(self, tell: Tell) -> None:
        """Tells one after the other, until the last. Raises what `tell` raises."""

    async def aclose(self) -> None: ...


class Source(Protocol):
    """The messages of a subscription, to be executed one by one."""

    async def __anext__(self) -> Told: ...

    async def aclose(self) -> None: ...


class Operations:
    """Starts operations. What runs them, masks their errors and records what they read is the endpoint's."""

    def __init__(self, endpoint: Endpoint, events: Events) -> None:
        self._endpoint = endpoint
        self._events = events

    @property
    def position(self) -> int:
        """Up to which position everybody has been told."""
        return self._events.position or 0

    async def identify(self, scope: Scope) -> None:
        """Raises RequestRefused if nobody may ask with what is in the scope's headers (any more)."""
        await self._endpoint.viewer_of(scope)

    async def begin(self, request: GraphQLRequest, scope: Scope, headers: dict[bytes, bytes] | None = None) -> Answers:
        """The answers of an operation. Once this returns, a subscription misses nothing.

        Where `headers` ask for several payloads, what is deferred follows. Raises OperationRefused, and RequestRefused
        if its sender may not ask.
        """
        operation_begins(scope)
        try:
            return await self._begin(request, scope, headers)
        except Exception as error:
            operation_ends(scope, error)
            raise

    async def _begin(self, request: GraphQLRequest, scope: Scope, headers: dict[bytes, bytes] | None) -> Answers:
        request_id: str = scope["request_id"]
        admission = self._endpoint.admission
        viewer = scope["viewer"] = await self._endpoint.viewer_of(scope)
        try:
            document = await admission.read(request, scope, viewer)
            operation = document.operation(request.operation_name)
            is_subscription = operation.operation is OperationType.SUBSCRIPTION
            if is_subscription:
                await admission.admit(document, request, scope, viewer)
        except InvalidDocument as invalid:
            raise OperationRefused(_shown(invalid.errors, request_id)) from None
        except GraphQLError as error:
            raise OperationRefused(_shown([error], request_id)) from None
        if not is_subscription:
            return OneAnswer(lambda tell: self._answer(request, scope, headers, tell))
        scope["operation"] = document, operation
        return await self._subscribe(request, document, scope)

    async def _answer(
        self, request: GraphQLRequest, scope: Scope, headers: dict[bytes, bytes] | None, tell: Tell
    ) -> None:
        viewer = await self._endpoint.viewer_of(scope)
        try:
            result = await self._endpoint.run(request, scope, viewer, None, headers)
            if isinstance(result, ExecutionResult):
                body = await self._shown_and_recorded(result, scope.get("context"), scope["request_id"])
                scope["errors"] = body.get("errors")
        except Exception as error:
            operation_ends(scope, error)
            raise
        if isinstance(result, ExecutionResult):
            operation_ends(scope)
            await tell(body)
        else:
            await deliver(self._endpoint, result, scope, tell)
            operation_ends(scope)

    async def _subscribe(self, request: GraphQLRequest, document: Document, scope: Scope) -> Answers:
        endpoint, request_id = self._endpoint, scope["request_id"]

        async def renewed() -> Context:
            viewer = await endpoint.viewer_of(scope)
            return make_context(
                *(endpoint.pools, viewer, endpoint.clock(), request_id, document.asked, endpoint.happened),
                gateway=endpoint.gateway,
                address=endpoint.address,
                installation=endpoint.installation,
                loaders=endpoint.loaders,
            )

        context = await renewed()
        executor = endpoint.executor.build(
            endpoint.schema,
            document.node,
            None,
            StreamContext(**vars(context), events=self._events, renewed=renewed),
            request.variables,
            request.operation_name,
            hide_suggestions=endpoint.admission.hides_schema(context.viewer),
        )
        if isinstance(executor, list):
            raise OperationRefused(_shown(executor, request_id))
        source: Any = create_source_event_stream(executor)
        if isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            raise OperationRefused(_shown(source.errors or [], request_id))

        async def execute(answer: Any, context: Context) -> Body:
            each = executor.build_per_event_executor(answer)
            each.context_value = context
            async with endpoint.turns:
                result: Any = each.execute_operation(False)
                if isawaitable(result):
                    result = await result
            assert isinstance(result, ExecutionResult)
            observe_reads(context.reads)
            return await self._shown_and_recorded(result, context, request_id)

        SUBSCRIPTIONS.inc()

        def ended() -> None:
            SUBSCRIPTIONS.dec()
            operation_ends(scope)

        return ManyAnswers(self._hearing(source, scope), self._executing(execute, scope), ended)

    def _hearing(self, source: Source, scope: Scope) -> Source:  # noqa: ARG002 - for subclasses
        """What a subscription's messages come from."""
        return source

    def _executing(self, execute: Execute, scope: Scope) -> Execute:  # noqa: ARG002 - for subclasses
        """What executes the events of a subscription."""
        return execute

    async def _shown_and_recorded(self, result: ExecutionResult, context: Context | None, request_id: str) -> Body:
        recorded = self._endpoint.read_audit.begin(context)
        body = body_of(result, request_id)
        if recorded is not None:
            await recorded
        return body


class OneAnswer:
    """The answer of a query or mutation, of which parts may follow."""

    def __init__(self, answer: Callable[[Tell], Awaitable[None]]) -> None:
        self._answer = answer

    async def tell(self, tell: Tell) -> None:
        await self._answer(tell)

    async def aclose(self) -> None:
        pass


class ManyAnswers:
    """The answers of a subscription."""

    def __init__(self, source: Source, execute: Execute, ended: Callable[[], None]) -> None:
        self._source = source
        self._execute = execute
        self._ended: Callable[[], None] | None = ended

    async def tell(self, tell: Tell) -> None:
        with contextlib.suppress(StopAsyncIteration):
            while True:
                await tell(await self._execute(*await self._source.__anext__()))

    async def aclose(self) -> None:
        if self._ended is not None:
            ended, self._ended = self._ended, None
            ended()
        await self._source.aclose()


def errors_of(error: Exception, request_id: str) -> list[Any]:
    """What a caller is told of an error that ends her stream. A bug is masked, and logged whole."""
    if isinstance(error, OperationRefused):
        return error.errors
    if isinstance(error, RequestRefused):
        return [{"message": str(error), "extensions": {"code": error.code}}]
    if isinstance(error, TooSlow):
        return [{"message": str(error), "extensions": {"code": "SUBSCRIBER_TOO_SLOW"}}]
    if isinstance(error, PositionExpired):
        return [position_expired(error).formatted]
    masked = GraphQLError("a stream failed", original_error=error)
    return _shown([masked], request_id)


def _shown(errors: list[GraphQLError], request_id: str) -> list[Any]:
    shown: list[Any] = body_of(ExecutionResult(None, errors), request_id)["errors"]
    return shown
