"""Spans: what a request was made of, as OpenTelemetry's conventions say it."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from io import StringIO

import asyncpg
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from gateways.payments import SessionReference
from gateways.payments.errors import GatewayError
from gateways.payments.stripe import StripeGateway
from loaders.connections import Connections
from schema.node import encode_id
from server.database import connecting
from server.logs import JsonLines
from tests.client import Client
from tests.clinic_data import NOW
from tests.gateways.orders import SECRET
from tests.gateways.stripe_server import API_KEY, StripeServer
from tests.server.spans import Spans, said
from tests.streams.deeds import SLOTS, hold
from tests.streams.serving import serving
from worker.chores import CHORES, Desk

ASKED = """query Latest($first: Int = 2) {
  # whom it is about
  patients(first: $first, filter: { search: "Patient", statuses: [ACTIVE] }) {
    edges { node { id wards: dependants { name } } }
  }
}"""
TOLD = """query Latest($first: Int = _) {
  patients(first: $first, filter: _) {
    edges {
      node {
        id
        wards: dependants {
          name
        }
      }
    }
  }
}"""
RENAMED = """mutation { updateMe(input: { name: "Zoe Z" }) { userErrors { code } user { name } } }"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-test-viewer": "anonymous"}


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
async def client(three: str, spans: Spans) -> AsyncIterator[Client]:
    async with Client.of(three, parts=spans.parts) as opened:
        yield opened


@pytest.fixture
async def writer(clinic: str, spans: Spans) -> AsyncIterator[Client]:
    async with Client.of(clinic, parts=spans.parts) as opened:
        yield opened


@pytest.fixture
def log() -> Iterator[StringIO]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    requests = logging.getLogger("clinicgraph.requests")
    level = requests.level
    requests.addHandler(handler)
    requests.setLevel(logging.INFO)
    yield stream
    requests.removeHandler(handler)
    requests.setLevel(level)


async def test_a_query(client: Client, spans: Spans) -> None:
    answer = await client.ask(ASKED, {"first": 1})
    assert answer.data["patients"]["edges"]
    request, operation = spans.one("POST /graphql"), spans.one("query")
    assert request.kind is operation.kind is SpanKind.SERVER
    assert said(request) == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "url.scheme": "http",
        "http.response.status_code": 200,
    }
    assert said(operation) == {
        "graphql.operation.type": "query",
        "graphql.operation.name": "Latest",
        "graphql.document": TOLD,
        "clinicgraph.document.hash": said(operation)["clinicgraph.document.hash"],
        "clinicgraph.request_id": answer.response.headers["x-request-id"],
    }
    for name in ("graphql.parse", "graphql.validate", "graphql.execute"):
        assert spans.above(spans.one(name)) == ["query", "POST /graphql"]
    assert spans.above(spans.one("graphql.plan")) == ["graphql.execute", "query", "POST /graphql"]
    wards = spans.one("DependantsOfPatient")
    assert spans.above(wards) == ["graphql.execute", "query", "POST /graphql"]
    assert said(wards) == {"clinicgraph.loader": "DependantsOfPatient", "clinicgraph.keys": 1}
    (statement,) = [each for each in spans.named("SELECT") if spans.above(each)[0] == "DependantsOfPatient"]
    assert said(statement)["db.system.name"] == "postgresql"
    assert "FROM patients" in said(statement)["db.query.text"]
    assert len({each.context.trace_id for each in spans.all() if each.context is not None}) == 1


async def test_a_document_that_is_known_is_not_parsed_again(client: Client, spans: Spans) -> None:
    for _ in range(2):
        await client.ask(ASKED)
    assert len(spans.named("query")) == 2
    assert len(spans.named("graphql.parse")) == len(spans.named("graphql.validate")) == 1


async def test_the_trace_of_who_asks_goes_on_into_the_log(client: Client, spans: Spans, log: StringIO) -> None:
    await client.http.post("/graphql", json={"query": "{ __typename }"}, headers=TRACEPARENT)
    request = spans.one("POST /graphql")
    assert request.context is not None
    assert request.parent is not None
    assert (f"{request.context.trace_id:032x}", f"{request.parent.span_id:016x}") == (TRACE, PARENT)
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert (line["trace_id"], line["message"]) == (TRACE, "request")
    assert line["request_id"] == said(spans.one("query"))["clinicgraph.request_id"]


async def test_who_asks_may_say_that_nobody_looks(client: Client, spans: Spans) -> None:
    unsampled = {"traceparent": f"00-{TRACE}-{PARENT}-00", "x-test-viewer": "service"}
    answer = await client.http.post("/graphql", json={"query": ASKED}, headers=unsampled)
    assert "errors" not in answer.json()
    assert spans.all() == []


async def test_what_is_deferred(client: Client, spans: Spans) -> None:
    query = (
        "query Later { doctors(first: 1) { edges { node { specialty ... @defer { user { name } reviewReason } } } } }"
    )
    headers = {"x-test-viewer": "anonymous", "accept": "multipart/mixed"}
    answer = await client.http.post("/graphql", json={"query": query}, headers=headers)
    assert answer.text.endswith("-----\r\n")
    assert "@defer" in str(said(spans.one("query"))["graphql.document"])
    deliver = spans.one("graphql.deliver")
    assert spans.above(deliver) == ["POST /graphql"]
    assert spans.above(spans.one("UserById")) == ["graphql.deliver", "POST /graphql"]
    assert said(deliver)["clinicgraph.error.codes"] == ("UNAUTHENTICATED",)


async def test_a_mutation(writer: Client, spans: Spans) -> None:
    assert (await writer.ask(RENAMED, viewer="patient")).data["updateMe"]["user"]["name"] == "Zoe Z"
    assert spans.above(spans.one("transaction")) == ["graphql.execute", "mutation", "POST /graphql"]
    inside = [each.name for each in spans.all() if spans.above(each)[:1] == ["transaction"]]
    assert inside[0] == "BEGIN"
    assert inside[-1] == "COMMIT"
    assert "UPDATE" in inside
    assert said(spans.one("mutation"))["graphql.document"].startswith("mutation {\n  updateMe(input: _)")
    assert "Zoe" not in spans.text()


@pytest.mark.parametrize(
    ("query", "viewer", "name", "code"),
    [
        ("{ doctors(first: ", "service", "GraphQL Operation", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "service", "GraphQL Operation", "GRAPHQL_VALIDATION_FAILED"),
        ('{ patients(filter: { search: "Zoe" }) { edges { cursor } } }', "anonymous", "query", "UNAUTHENTICATED"),
    ],
)
async def test_what_is_refused(client: Client, spans: Spans, query: str, viewer: str, name: str, code: str) -> None:
    assert (await client.ask(query, viewer=viewer)).codes == [code]
    operation = spans.one(name)
    assert operation.status.status_code is StatusCode.ERROR
    assert operation.status.description is None
    assert said(operation)["error.type"] == code
    assert said(operation)["clinicgraph.error.codes"] == (code,)


async def test_a_bug_leaves_its_type_and_not_what_it_says(clinic: str, writer: Client, spans: Spans) -> None:
    connection = await asyncpg.connect(clinic)
    await connection.execute("ALTER TABLE users ADD CONSTRAINT breaks CHECK (name <> 'Zoe Z')")
    await connection.close()
    answer = await writer.ask(RENAMED, viewer="patient")
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    assert said(spans.one("mutation"))["error.type"] == "CheckViolationError"
    assert said(spans.one("UPDATE")) | {"db.query.text": ""} == {
        "db.system.name": "postgresql",
        "db.operation.name": "UPDATE",
        "db.query.text": "",
        "db.response.status_code": "23514",
        "error.type": "CheckViolationError",
    }
    assert "Zoe" not in spans.text()
    assert all(not each.events and each.status.description is None for each in spans.all())


async def test_operations_of_a_stream(clinic: str, spans: Spans) -> None:
    """A subscription's answer is a trace of its own, with a link to who asked for it."""
    doctor = {"doctor": encode_id("Doctor", 1)}
    async with serving(clinic, parts=spans.parts) as served, served.events(SLOTS, doctor) as events:
        await hold(served, 160)
        name, _ = await events.hear()
        assert name == "next"
    told = spans.named("subscription")[0]
    assert told.parent is None
    asked = [each for each in spans.named("POST /graphql") if each.context == told.links[0].context]
    assert len(asked) == 1
    assert said(told)["graphql.operation.type"] == "subscription"
    assert [each for each in spans.all() if spans.above(each)[-1:] == ["subscription"]]


async def test_the_trace_of_who_opens_a_stream_goes_on(clinic: str, spans: Spans, log: StringIO) -> None:
    """An upgrade's `traceparent` is above all its operations, an event stream's above its one; so is its request id."""
    doctor = {"doctor": encode_id("Doctor", 1)}
    given = {**TRACEPARENT, "x-request-id": "of-a-stream"}
    async with (
        serving(clinic, parts=spans.parts) as served,
        served.socket("anonymous", init=True, **given) as socket,
    ):
        assert socket.connection.response is not None
        assert socket.connection.response.headers["x-request-id"] == "of-a-stream"
        await socket.say(type="subscribe", id="q", payload={"query": "query Asked { __typename }"})
        assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await socket.say(type="subscribe", id="bad", payload={"query": "{ nothing }"})
        assert (await socket.hear())["type"] == "error"
        await socket.subscribe(SLOTS, doctor, id="s")
        async with served.events(SLOTS, doctor, viewer="anonymous", **given) as events:
            assert events.response.headers["x-request-id"] == "of-a-stream"
            await hold(served, 160)
            assert (await events.hear())[0] == "next"
            assert (await socket.hear())["type"] == "next"
    ours = [each for each in spans.all() if each.context is not None and f"{each.context.trace_id:032x}" == TRACE]
    outermost = [each for each in ours if each.parent is not None and f"{each.parent.span_id:016x}" == PARENT]
    assert sorted(each.name for each in outermost) == ["POST /graphql", *3 * ["WebSocket /graphql"]]
    (asked,) = [each for each in ours if each.name == "query"]
    assert spans.above(asked) == ["WebSocket /graphql"]
    assert said(asked)["clinicgraph.request_id"] == "of-a-stream.1"
    (refused,) = [each for each in outermost if each.status.status_code is StatusCode.ERROR]
    assert said(refused)["clinicgraph.error.codes"] == ("GRAPHQL_VALIDATION_FAILED",)
    links = {each.links[0].context.span_id for each in spans.named("subscription")}
    assert len(links) == 2
    assert links <= {each.context.span_id for each in outermost if each.context is not None}
    lines = [line for line in map(json.loads, log.getvalue().splitlines()) if line.get("trace_id") == TRACE]
    assert sorted((line["transport"], line["request_id"]) for line in lines) == [
        ("http", "of-a-stream"),
        *(("websocket", f"of-a-stream.{n}") for n in (1, 2, 3)),
    ]


async def test_a_chore_is_told_when_there_was_something_to_do(clinic: str, spans: Spans) -> None:
    connections = Connections(connecting(clinic), 2)
    sweep = spans.parts.chores(CHORES)[0]
    assert await sweep.do(Desk(connections, clinic, lambda: NOW + timedelta(days=1))) > 0
    done = said(spans.one("sweeping what has run out"))["clinicgraph.done"]
    assert done > 0
    while await sweep.do(Desk(connections, clinic, lambda: NOW + timedelta(days=1))):
        pass
    told = len(spans.all())
    assert await sweep.do(Desk(connections, clinic, lambda: NOW + timedelta(days=1))) == 0
    assert len(spans.all()) == told
    await connections.close()


async def test_a_gateway_is_asked(spans: Spans) -> None:
    async with StripeServer.running() as server:
        stripe = StripeGateway(API_KEY, SECRET, server.url, headers=spans.parts.headers, retries=0)
        gateway = spans.parts.gateway(stripe)
        with pytest.raises(GatewayError):
            await gateway.fetch(SessionReference("session"))
        await stripe.close()
    asked = spans.one("stripe fetch")
    assert asked.context is not None
    assert asked.kind is SpanKind.CLIENT
    trace, span = f"{asked.context.trace_id:032x}", f"{asked.context.span_id:016x}"
    assert server.sent[0].headers["traceparent"].startswith(f"00-{trace}-{span}-")
