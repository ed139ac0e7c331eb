"""The log: one line for each request, errors with their places, and never what it was about."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from server import request_id
from server.logs import JsonLines, TextLines
from server.settings import Settings
from tests.client import Client
from tests.streams.serving import serving

QUERY = "query Jane($of: String) { doctors(first: 1, filter: {specialty: $of}) { edges { node { licenceNumber } } } }"


class Lines:
    """What was logged, line by line."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.all if line["message"] == "request"]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The log of this process, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, requests = logging.getLogger(), logging.getLogger("clinicgraph.requests")
    before = requests.level
    root.addHandler(handler)
    requests.setLevel(logging.INFO)
    yield Lines(stream)
    root.removeHandler(handler)
    requests.setLevel(before)


async def test_a_request_is_one_line(client: Client, lines: Lines) -> None:
    answer = await client.http.post(
        "/graphql",
        json={"query": QUERY, "variables": {"of": "Cardiology"}, "operationName": "Jane"},
        headers={"x-test-viewer": "patient", "x-request-id": "a-request.1"},
    )
    assert answer.headers["x-request-id"] == "a-request.1"
    (line,) = lines.requests
    assert line["latency_ms"] > 0
    assert {name: line[name] for name in line if name not in ("time", "latency_ms", "document")} == {
        "level": "info",
        "logger": "clinicgraph.requests",
        "message": "request",
        "request_id": "a-request.1",
        "transport": "http",
        "method": "POST",
        "route": "graphql",
        "status": 200,
        "user_id": 2001,
        "client_id": None,
        "operation_type": "query",
        "operation": "doctors",
        "statements": 1,
    }
    assert len(line["document"]) == 64
    assert "Cardiology" not in json.dumps(line)


async def test_errors_have_their_codes(client: Client, lines: Lines) -> None:
    await client.ask("{ appointments { edges { node { id } } } }", viewer="anonymous")
    await client.ask("{ nothing }")
    await client.http.post("/graphql", content=b"{", headers={"x-test-viewer": "service"})
    assert [line.get("error_codes") for line in lines.requests] == [
        ["UNAUTHENTICATED"],
        ["GRAPHQL_VALIDATION_FAILED"],
        ["BAD_REQUEST"],
    ]
    assert lines.requests[2]["status"] == 415


@pytest.mark.parametrize("given", ["", "a b", "ä", "x" * 65, "a\tb", '"'])
async def test_a_request_id_that_is_none_is_replaced(client: Client, given: str) -> None:
    answer = await client.http.get("/healthz", headers=[(b"x-request-id", given.encode())])
    assert len(answer.headers["x-request-id"]) == 32


async def test_probes_are_not_logged_unless_they_fail(client: Client, lines: Lines) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await client.http.get(path)).status_code == 200
    assert lines.requests == []


async def test_a_bug_has_its_place_and_the_id_of_the_request(writer: Client, clinic: str, lines: Lines) -> None:
    connection = await asyncpg.connect(clinic)
    await connection.execute("ALTER TABLE clinics DROP COLUMN city CASCADE")
    await connection.close()
    answer = await writer.ask("{ clinics { edges { node { city } } } }")
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    (line,) = [line for line in lines.all if line["level"] == "error"]
    assert line["request_id"] == answer.response.headers["x-request-id"]
    assert line["errors"][0]["type"] == "asyncpg.exceptions.UndefinedColumnError"
    assert line["errors"][0]["sqlstate"] == "42703"
    assert any(place.startswith("loaders/connections.py:") for place in line["errors"][0]["at"])


def test_an_errors_words_are_not_written() -> None:
    """They may quote a row. Types and places are enough to find a bug."""
    try:
        try:
            raise ValueError("jane@example.org")
        except ValueError as error:
            raise asyncpg.UniqueViolationError("Key (email)=(jane@example.org) already exists") from error
    except asyncpg.UniqueViolationError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 0, "it failed", (), (type(error), error, error.__traceback__)
        )
    line = JsonLines().format(record)
    assert "jane" not in line
    assert [each["type"] for each in json.loads(line)["errors"]] == [
        "asyncpg.exceptions.UniqueViolationError",
        "builtins.ValueError",
    ]


def test_people_read_text() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "request", (), None)
    record.fields = {"status": 200, "client_id": None, "error_codes": ["A", "B"]}
    assert TextLines().format(record).endswith("INFO    request status=200 error_codes=A,B")


async def test_tasks_of_a_request_know_its_id(client: Client) -> None:
    """Each request has its own, also when several are under way."""
    given = [f"id-{n}" for n in range(5)]
    answers = await asyncio.gather(*(client.http.get("/healthz", headers={"x-request-id": each}) for each in given))
    assert [answer.headers["x-request-id"] for answer in answers] == given
    assert request_id.current.get() is None


async def test_each_operation_of_a_websocket_is_one_line(clinic: str, lines: Lines) -> None:
    async with serving(clinic, settings=Settings()) as served, served.socket(viewer="patient") as socket:
        await socket.say(type="subscribe", id="1", payload={"query": QUERY})
        assert (await socket.hear())["type"] == "next"
        assert (await socket.hear())["type"] == "complete"
        await socket.say(type="subscribe", id="2", payload={"query": "{ nothing }"})
        assert (await socket.hear())["type"] == "error"
    first, second = lines.requests
    assert (first["transport"], first["operation"], first["user_id"], first["statements"]) == (
        *("websocket", "doctors", 2001),
        1,
    )
    assert second["error_codes"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert first["request_id"] != second["request_id"]
