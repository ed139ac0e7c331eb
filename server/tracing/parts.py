"""The parts of the application, each with its spans, and where the spans go."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import strawberry
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp

from gateways.payments import PaymentGateway
from gateways.payments.guarded import GuardedGateway
from loaders.connections import Connect, Connections
from loaders.events import Events
from models.clock import Clock
from server.endpoint import Endpoint
from server.executors import executor_class
from server.operating import Traces
from server.parts import Parts
from server.settings import ExecutorName
from server.streams import Operations
from server.tracing.database import TracedConnections
from server.tracing.operations import TracedEndpoint, TracedOperations, traced_executor
from server.tracing.requests import TracedFront
from server.tracing.work import TracedGateway, traced_chore
from server.wire import Wire
from worker.chores import Chore


class TracedParts(Parts):
    """Parts that make spans with a tracer of `provider`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("clinicgraph")

    def executor(self, name: ExecutorName) -> Any:
        return traced_executor(self._tracer) if name is ExecutorName.BREADTH_FIRST else executor_class(name)

    def endpoint(self, schema: strawberry.Schema, clock: Clock, wire: Wire) -> Endpoint:
        return TracedEndpoint(schema, clock, wire, self._tracer)

    def operations(self, endpoint: Endpoint, events: Events) -> Operations:
        assert isinstance(endpoint, TracedEndpoint), "it is of the same parts"
        return TracedOperations(endpoint, events, self._tracer)

    def connections(self, connect: Connect, size: int) -> Connections:
        return TracedConnections(connect, size, self._tracer)

    def front(self, app: ASGIApp) -> ASGIApp:
        return TracedFront(app, self._tracer)

    def gateway(self, gateway: PaymentGateway) -> GuardedGateway:
        return TracedGateway(gateway, self._tracer)

    def headers(self) -> Mapping[str, str]:
        carried: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carried)
        return carried

    def chores(self, chores: Sequence[Chore]) -> Sequence[Chore]:
        return [traced_chore(chore, self._tracer) for chore in chores]

    async def close(self) -> None:
        """Sends what was not sent yet, for as long as the exporter may take."""
        await asyncio.to_thread(self._provider.shutdown)


def telling(traces: Traces) -> TracedParts:
    """Parts whose spans go where `traces` says. The OpenTelemetry SDK reads the rest of its variables itself."""
    given = OTELResourceDetector().detect().attributes
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: given.get(SERVICE_NAME, "clinicgraph")}))
    provider.add_span_processor(BatchSpanProcessor(_exporter(traces)))
    return TracedParts(provider)


def _exporter(traces: Traces) -> SpanExporter:
    if traces is Traces.CONSOLE:
        return ConsoleSpanExporter()
    return OTLPSpanExporter()
