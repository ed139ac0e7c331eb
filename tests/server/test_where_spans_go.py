"""Where spans go: nowhere unless the environment says so, or to a collector, as OpenTelemetry's variables mean it."""

import asyncio
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from server.app import create_app
from server.endpoint import Endpoint
from server.operating import Operating, Traces
from server.parts import PLAIN, parts_for
from server.settings import Settings
from server.settings_error import SettingsError
from tests.client import Client, viewer_of
from tests.server.test_tracing import TRACE, TRACEPARENT


def test_nothing_is_made_where_nobody_asked_for_it(three: str) -> None:
    assert Settings().operating.traces is Traces.NONE
    assert parts_for(Traces.NONE) is PLAIN
    app = create_app(three, Settings(), viewer_of=viewer_of)
    assert type(app.endpoint) is Endpoint


@pytest.mark.parametrize(
    ("given", "traces"),
    [
        ({}, Traces.NONE),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, Traces.OTLP),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, Traces.OTLP),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, Traces.OTLP),
        ({"OTEL_TRACES_EXPORTER": "console"}, Traces.CONSOLE),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, Traces.NONE),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, Traces.NONE),
    ],
)
def test_what_the_environment_says(given: dict[str, str], traces: Traces) -> None:
    assert Operating.read(given, production=True).traces is traces


@pytest.mark.parametrize(
    "given",
    [
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_what_the_environment_cannot_say(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"OTEL_.* must be|http/protobuf"):
        Operating.read(given, production=False)


class Collector(ThreadingHTTPServer):
    """An OTLP collector on this machine."""

    def __init__(self) -> None:
        self.heard: Queue[tuple[str, dict[str, str], ExportTraceServiceRequest]] = Queue()
        super().__init__(("127.0.0.1", 0), Hearing)


class Hearing(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.heard.put((self.path, headers, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        running = threading.Thread(target=collector.serve_forever)
        running.start()
        yield collector
        collector.shutdown()
        running.join()


async def test_spans_reach_a_collector(three: str, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP as OTLP, with what OpenTelemetry's own variables say; what was not sent yet is sent at the end."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=clinics")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    async with Client.of(three, parts=parts_for(Operating.read(os.environ, production=False).traces)) as client:
        await client.http.post("/graphql", json={"query": "{ __typename }"}, headers=TRACEPARENT)
    path, headers, sent = await asyncio.to_thread(collector.heard.get, timeout=30)
    assert (path, headers["content-type"], headers["x-tenant"]) == ("/v1/traces", "application/x-protobuf", "clinics")
    (resource,) = sent.resource_spans
    described = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (described["service.name"], described["deployment.environment.name"]) == ("clinicgraph", "test")
    told = [each for scope in resource.scope_spans for each in scope.spans]
    assert {each.trace_id.hex() for each in told} == {TRACE}
    assert {"POST /graphql", "query", "graphql.execute"} <= {each.name for each in told}
