"""A span for each operation, by OpenTelemetry's conventions for GraphQL, and for each of its phases."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema
from opentelemetry.context import Context as NoParent
from opentelemetry.trace import Link, Span, SpanKind, Tracer, get_current_span, use_span
from starlette.types import Receive, Scope

from auth.viewer import Viewer
from engine import BreadthFirstExecutor
from loaders.events import Events
from models.clock import Clock
from schema.context import Context
from schema.streams import Told
from server import trace_id
from server.documents import Document, Documents
from server.endpoint import Endpoint, Result
from server.graphql_request import GraphQLRequest, RequestRefused
from server.incremental.delivery import Tell
from server.incremental.payloads import Body
from server.request_notes import codes_of
from server.streams.operations import Answers, Execute, OperationRefused, Operations, Source
from server.tracing.batches import TracedLoaders
from server.tracing.signature import without_values
from server.tracing.spans import failed, note_trace, span
from server.wire import Wire

SUBSCRIBE = "WebSocket /graphql"
UNKNOWN = "GraphQL Operation"
"""The name of the span of what turned out to be no operation."""
KEPT = 1_000


class TracedDocuments(Documents):
    """Documents whose parsing and validation are told."""

    def __init__(self, schema: GraphQLSchema, tracer: Tracer) -> None:
        super().__init__(schema)
        self._tracer = tracer

    def _parse(self, text: str) -> DocumentNode:
        with span(self._tracer, "graphql.parse"):
            return super()._parse(text)

    def _validate(self, node: DocumentNode, *, hide_suggestions: bool) -> None:
        with span(self._tracer, "graphql.validate"):
            super()._validate(node, hide_suggestions=hide_suggestions)


class TracedEndpoint(Endpoint):
    """Tells of each operation: its type and name, its document without values, the codes of its errors."""

    def __init__(self, schema: strawberry.Schema, clock: Clock, wire: Wire, tracer: Tracer) -> None:
        super().__init__(
            *(schema, clock, wire),
            documents=lambda schema: TracedDocuments(schema, tracer),
            loaders=lambda reads: TracedLoaders(reads, tracer),
        )
        self._tracer = tracer
        self._told: OrderedDict[str, str] = OrderedDict()

    async def run(
        self,
        request: GraphQLRequest,
        scope: Scope,
        viewer: Viewer,
        receive: Receive | None = None,
        headers: dict[bytes, bytes] | None = None,
    ) -> Result:
        with span(self._tracer, UNKNOWN, kind=SpanKind.SERVER) as made:
            note_trace(made)
            try:
                result = await super().run(request, scope, viewer, receive, headers)
            except RequestRefused as refusal:
                failed(made, refusal.code)
                raise
            finally:
                self.describe(made, scope)
            told_errors(made, (result if isinstance(result, ExecutionResult) else result.initial_result).errors)
            return result

    async def _execute(self, document: Document, request: GraphQLRequest, scope: Scope, viewer: Viewer) -> Result:
        with span(self._tracer, "graphql.execute"):
            return await super()._execute(document, request, scope, viewer)

    @contextmanager
    def delivering(self, scope: Scope) -> Iterator[None]:
        with span(self._tracer, "graphql.deliver") as made:
            yield
            if codes := sorted({error.get("extensions", {}).get("code", "UNKNOWN") for error in scope["errors"]}):
                made.set_attribute("clinicgraph.error.codes", codes)
                failed(made, codes[0])

    def describe(self, made: Span, scope: Scope) -> None:
        """Says which operation a span is about, if that is known."""
        if (found := scope.get("operation")) is None:
            return
        document, operation = found
        kind = operation.operation.value
        made.update_name(kind)
        made.set_attribute("graphql.operation.type", kind)
        if operation.name is not None:
            made.set_attribute("graphql.operation.name", operation.name.value)
        made.set_attribute("graphql.document", self._text(document))
        made.set_attribute("clinicgraph.document.hash", document.hash)
        made.set_attribute("clinicgraph.request_id", scope["request_id"])

    def _text(self, document: Document) -> str:
        text = self._told.get(document.hash)
        if text is None:
            written = document.node if document.incremental is None else document.incremental.node
            text = self._told[document.hash] = without_values(written)
            if len(self._told) > KEPT:
                self._told.popitem(last=False)
        return text


class TracedOperations(Operations):
    """Each answer of a subscription is a trace of its own: one that lasted for hours would tell nobody anything.

    What came over a WebSocket is in no HTTP request's span: its `subscribe` has one of its own, until it has begun.
    """

    def __init__(self, endpoint: TracedEndpoint, events: Events, tracer: Tracer) -> None:
        super().__init__(endpoint, events)
        self._describe = endpoint.describe
        self._tracer = tracer

    async def begin(self, request: GraphQLRequest, scope: Scope, headers: dict[bytes, bytes] | None = None) -> Answers:
        if "is_noted" in scope:
            return await super().begin(request, scope, headers)
        attributes = {"http.route": scope["path"], "network.protocol.name": "websocket"}
        with span(self._tracer, SUBSCRIBE, attributes, SpanKind.SERVER) as made:
            note_trace(made)
            scope["asked"] = made
            try:
                return await super().begin(request, scope, headers)
            except (OperationRefused, RequestRefused):
                made.set_attribute("clinicgraph.error.codes", codes_of(scope))
                raise

    async def _answer(
        self, request: GraphQLRequest, scope: Scope, headers: dict[bytes, bytes] | None, tell: Tell
    ) -> None:
        with below(scope.get("asked")):
            await super()._answer(request, scope, headers, tell)

    def _hearing(self, source: Source, scope: Scope) -> Source:
        return source if "asked" not in scope else HeardBelow(source, scope["asked"])

    def _executing(self, execute: Execute, scope: Scope) -> Execute:
        asked = get_current_span().get_span_context()
        links = (Link(asked),) if asked.is_valid else ()

        async def execute_watched(answer: Any, context: Context) -> Body:
            with span(self._tracer, UNKNOWN, kind=SpanKind.SERVER, context=NoParent(), links=links) as made:
                asked_in = trace_id.current.get()
                note_trace(made)
                self._describe(made, scope)
                try:
                    return await execute(answer, context)
                finally:
                    trace_id.current.set(asked_in)  # which is what the subscription's own line in the log says

        return execute_watched


class HeardBelow:
    """A source whose reads belong to who asked for it."""

    def __init__(self, source: Source, asked: Span) -> None:
        self._source = source
        self._asked = asked

    async def __anext__(self) -> Told:
        with below(self._asked):
            return await self._source.__anext__()

    async def aclose(self) -> None:
        await self._source.aclose()


def below(asked: Span | None) -> AbstractContextManager[Span | None]:
    """The block is part of what that span tells of, which may have ended."""
    if asked is None:
        return nullcontext()
    return use_span(asked, record_exception=False, set_status_on_exception=False)


def traced_executor(tracer: Tracer) -> type[BreadthFirstExecutor]:
    """Our executor, telling how long it took to plan."""

    class TracedExecutor(BreadthFirstExecutor):
        def _plan(self) -> Any:
            with span(tracer, "graphql.plan"):
                return super()._plan()

    return TracedExecutor


def told_errors(made: Span, errors: list[GraphQLError] | None) -> None:
    """The codes of errors, each once; what is not meant for callers is a bug, with the type of what was raised."""
    if not errors:
        return
    codes = sorted(
        {
            type(error.original_error).__qualname__
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError)
            else str((error.extensions or {}).get("code", "BAD_USER_INPUT"))
            for error in errors
        }
    )
    made.set_attribute("clinicgraph.error.codes", codes)
    failed(made, codes[0])
