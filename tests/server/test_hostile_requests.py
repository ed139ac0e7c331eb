"""Requests that mean harm: each gets a coded answer after bounded work, and whoever asks beside it is answered."""

import asyncio
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx
import orjson
import pytest
from graphql import get_introspection_query

from server.settings import Settings
from server.wire import Wire
from tests.streams.serving import SOON, Served, serving

HEALTHY = {"query": "query Healthy { doctors(first: 1) { edges { node { licenceNumber } } } }"}
ANSWER = {"data": {"doctors": {"edges": [{"node": {"licenceNumber": "L1"}}]}}}
HEADERS = {"x-test-viewer": "service", "content-type": "application/json"}
STREAM = {"accept": "text/event-stream"}
CPU_SECONDS = 3.0
"""What one of them may cost this process, client included; none needs a tenth of it."""
MEMORY = 60_000_000
"""Bytes that one of them may take, client included; none needs a quarter of it."""


def repeat(each: Callable[[int], str], times: int) -> str:
    return " ".join(each(n) for n in range(times))


def query(text: str, **variables: Any) -> bytes:
    return orjson.dumps({"query": text, "variables": variables})


BOMB = repeat(lambda n: f"fragment F{n} on Query {{ a{n}: __typename ...F{n + 1} ...F{n + 1} }}", 28)
HOSTILE = {
    "a body of 10 MB": (b" " * 10_000_000, 413, "BAD_REQUEST"),
    "a document of a megabyte": (query("#" + "x" * 900_000), 200, "QUERY_TOO_COMPLEX"),
    "100,000 tokens": (query("{ " + "a " * 100_000 + "}"), 200, "QUERY_TOO_COMPLEX"),
    "20,000 tokens": (query("{ " + "a " * 20_000 + "}"), 200, "GRAPHQL_PARSE_FAILED"),
    "a depth of 10,000": (query("{a" * 10_000 + "}" * 10_000), 200, "GRAPHQL_PARSE_FAILED"),
    "a list 20,000 deep": (query("{ a(b: " + "[" * 20_000 + "]" * 20_000 + ") }"), 200, "GRAPHQL_PARSE_FAILED"),
    "10,000 aliases": (query("{ " + repeat(lambda n: f"a{n}:a", 10_000) + " }"), 200, "QUERY_TOO_COMPLEX"),
    "300 aliases": (query("{ " + repeat(lambda n: f"a{n}: __typename", 300) + " }"), 200, "QUERY_TOO_COMPLEX"),
    "a fragment cycle": (
        query("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
        200,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "a fragment of itself": (
        query("{ ...A } fragment A on Query { __typename ...A }"),
        200,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "many spreads": (query("{ " + "...A " * 90 + "} fragment A on Query { __typename }"), 200, "QUERY_TOO_COMPLEX"),
    "1,000 directives": (query("{ __typename " + "@skip(if:false) " * 1_000 + "}"), 200, "GRAPHQL_PARSE_FAILED"),
    "150 directives": (query("{ __typename " + "@a " * 150 + "}"), 200, "GRAPHQL_VALIDATION_FAILED"),
    "980 equal fields": (query("{ " + "__typename " * 980 + "}"), 200, "QUERY_TOO_COMPLEX"),
    "introspection in depth": (
        query("{ __schema { types " + "{ fields { type " * 8 + "{ name }" + " } }" * 8 + " } }"),
        200,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "introspection in width": (
        query(
            "{ "
            + repeat(lambda n: f"a{n}: __schema {{ types {{ fields {{ type {{ fields {{ name }} }} }} }} }}", 30)
            + " }"
        ),
        200,
        "QUERY_TOO_COMPLEX",
    ),
    "a batch of 1,000": (orjson.dumps([HEALTHY] * 1_000), 400, "BAD_REQUEST"),
    "variables without end": (query("query ($a: [ID!]) { __typename }", a=[1] * 300_000), 400, "BAD_REQUEST"),
    "variables in depth": (
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        400,
        "BAD_REQUEST",
    ),
    "a long text": (
        query("query ($s: String) { doctors(filter: {search: $s}) { edges { cursor } } }", s="x " * 400_000),
        200,
        None,
    ),
    "a great number": (
        b'{"query": "query ($n: Int) { doctors(first: $n) { edges { cursor } } }", "variables": {"n": 1'
        + b"0" * 100_000
        + b"}}",
        400,
        "BAD_REQUEST",
    ),
    "bytes that are no UTF-8": (b'{"query": "{ doctor(id: \\"\xff\xfe\\") { id } }"}', 400, "BAD_REQUEST"),
    "half a character": (b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}', 400, "BAD_REQUEST"),
    "a NUL": (query("query ($s: String) { doctors(filter: {search: $s}) { edges { cursor } } }", s="a\0b"), 200, None),
    "a price beyond all bounds": (
        query(
            "{ doctors(first: 100) { edges { node { slots(first: 100) { edges { node { doctor { "
            "slots(first: 100) { edges { cursor } } } } } } } } } }"
        ),
        200,
        "QUERY_TOO_COMPLEX",
    ),
}


@pytest.fixture
async def served(three: str) -> AsyncIterator[Served]:
    async with serving(three, works=False, settings=Settings(wire=Wire(show_cost=False))) as running:
        yield running


async def healthy(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(SOON):
        response = await http.post("/graphql", content=orjson.dumps(HEALTHY), headers=HEADERS)
    assert (response.status_code, response.json()) == (200, ANSWER)


async def test_what_means_harm_is_refused_and_nobody_else_is_hurt(served: Served) -> None:
    async with served.http as http:
        await healthy(http)
        for name, (body, status, code) in HOSTILE.items():
            began = time.process_time()
            harmful = asyncio.create_task(http.post("/graphql", content=body, headers=HEADERS))
            await healthy(http)
            try:
                response = await harmful
            except httpx.WriteError:  # it was refused while we were still sending
                assert status == 413, name
                continue
            assert time.process_time() - began < CPU_SECONDS, name
            assert response.status_code == status, (name, response.text[:200])
            codes = {error["extensions"]["code"] for error in response.json().get("errors", [])}
            assert "INTERNAL_SERVER_ERROR" not in codes, name
            assert code is None or code in codes, (name, response.text[:200])
            assert len(response.content) < 200_000, name


async def test_none_takes_much_memory(served: Served) -> None:
    async with served.http as http:
        await healthy(http)
        for name, (body, *_) in HOSTILE.items():
            tracemalloc.start()
            with suppress(httpx.WriteError):  # as above
                await http.post("/graphql", content=body, headers=HEADERS)
            taken = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert taken < MEMORY, name
        await healthy(http)


async def test_over_streams_they_are_refused_just_so(served: Served) -> None:
    """One WebSocket takes them all, one after the other, and each event stream one."""
    asked = {name: (body, code) for name, (body, status, code) in HOSTILE.items() if status == 200 and code is not None}
    assert len(asked) > 12
    async with served.http as http, served.socket() as opened:
        for name, (body, code) in asked.items():
            harmful = asyncio.create_task(http.post("/graphql", content=body, headers=HEADERS | STREAM))
            await opened.say(type="subscribe", id=name, payload=orjson.loads(body))
            await healthy(http)
            message = await opened.hear()
            found = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            assert code in {error["extensions"]["code"] for error in found}, name
            if message["type"] == "next":
                assert (await opened.hear())["type"] == "complete"
            answer = (await harmful).text
            assert f'"code":"{code}"' in answer, name
            assert answer.endswith("event: complete\ndata:\n\n"), name


async def test_fragments_that_double_cost_what_their_text_does(served: Served) -> None:
    bomb = "{ ...F0 } " + BOMB + " fragment F28 on Query { doctor(id: 1) { id } }"
    async with served.http as http:
        began = time.process_time()
        harmful = asyncio.create_task(http.post("/graphql", content=query(bomb), headers=HEADERS))
        await healthy(http)
        response = await harmful
        assert time.process_time() - began < CPU_SECONDS
        assert {error["extensions"]["code"] for error in response.json()["errors"]} == {"QUERY_TOO_COMPLEX"}


async def test_the_introspection_that_tools_send_is_answered(served: Served) -> None:
    text = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, schema_description=True)
    async with served.http as http:
        assert "errors" not in (await http.post("/graphql", content=query(text), headers=HEADERS)).json()


async def test_a_body_that_trickles(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.graphql_request.BODY_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: a\r\nX-Test-Viewer: service\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: 1000\r\n\r\n{")
    async with served.http as http:
        await healthy(http)
    async with asyncio.timeout(SOON):
        answered = await reader.read()
    assert answered.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMEOUT" in answered
    writer.close()


@pytest.mark.parametrize(
    "said", [b"", b"POST /graphql HTTP/1.1\r\nHost: a\r\nX-Slow: "], ids=["nothing", "half a header"]
)
async def test_a_connection_that_is_only_held(served: Served, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr("server.slow_senders.HEADER_SECONDS", 0.3)
    connections = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(50)]
    for _, writer in connections:
        writer.write(said)
    async with served.http as http:
        await healthy(http)
    async with asyncio.timeout(SOON):
        for reader, writer in connections:
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()


@pytest.mark.parametrize("said", ["half a body", "all of it"])
async def test_a_connection_that_is_half_open(served: Served, said: str) -> None:
    """Its client says no more, and may listen still: it is answered or ended, and nothing is kept of it."""
    body = orjson.dumps(HEALTHY)
    head = b"POST /graphql HTTP/1.1\r\nHost: a\r\nX-Test-Viewer: service\r\nContent-Type: application/json\r\n"
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    connections = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(50)]
    for _, writer in connections:
        writer.write(head + (body if said == "all of it" else body[:10]))
        writer.write_eof()
    async with served.http as http:
        await healthy(http)
    async with asyncio.timeout(SOON):
        for reader, writer in connections:
            with suppress(ConnectionResetError):
                answered = await reader.read()
                assert answered == b"" or (said == "all of it" and answered.startswith(b"HTTP/1.1 200 "))
            writer.close()
        while len(served.server.server_state.connections) > 1:  # the healthy one's may still be there
            await asyncio.sleep(0.01)


async def test_a_client_that_asks_and_never_listens(served: Served) -> None:
    """Once what it does not take fills the way to it, no more of what it says is read, or it is dropped."""
    body = query("{ " + repeat(lambda n: f"a{n}: __typename", 90) + " }")
    request = b"POST /graphql HTTP/1.1\r\nHost: a\r\nX-Test-Viewer: service\r\nContent-Type: application/json\r\n"
    request += b"Content-Length: %d\r\n\r\n" % len(body) + body
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", served.port))
        async with served.http as http:
            sent, tries = 0, 0
            while tries < 20:  # healthy requests, one after the other, in which it has taken nothing more
                try:
                    sent, tries = sent + deaf.send(request * 100), 0
                except BlockingIOError:
                    tries += 1
                    await healthy(http)
                except ConnectionError:
                    break
                assert sent < 100_000_000
            await healthy(http)
    async with asyncio.timeout(SOON):
        while len(served.server.server_state.connections) > 1:
            await asyncio.sleep(0.01)


async def test_headers_without_end(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET /graphql HTTP/1.1\r\nHost: a\r\n")
    async with asyncio.timeout(SOON):
        try:
            while True:
                writer.write(b"X-Long: " + b"a" * 8_000 + b"\r\n")
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    async with served.http as http:
        await healthy(http)


async def test_one_connection_is_used_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.slow_senders.HEADER_SECONDS", 0.3)
    async with served.http as http:
        await healthy(http)
        await asyncio.sleep(0.5)  # idle between requests is not slow
        await healthy(http)
