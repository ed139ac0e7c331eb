"""graphql-sse, distinct connections."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from schema.node import encode_id
from server.streams.patience import Patience
from tests.streams.deeds import APPOINTMENTS, SLOTS, cancel, hold
from tests.streams.serving import Served, serving
from tests.streams.test_websocket import Tokens

QUERY = "{ doctors(first: 1) { edges { node { specialty } } } }"
DOCTOR = {"doctor": encode_id("Doctor", 1)}
STREAM = "text/event-stream; charset=utf-8"


async def watching(served: Served, lines: int = 1) -> None:
    while served.app.events.watching < lines:
        await asyncio.sleep(0.01)


async def test_a_query_is_one_event(served: Served) -> None:
    async with served.events(QUERY) as frames:
        headers = frames.response.headers
        assert (headers["content-type"], headers["cache-control"]) == (STREAM, "no-cache")
        assert headers["x-request-id"]
        assert (await frames.frame()).startswith(b":")
        specialty = {"edges": [{"node": {"specialty": "General practice"}}]}
        assert (
            await frames.frame()
            == b"event: next\ndata: " + json.dumps({"data": {"doctors": specialty}}, separators=(",", ":")).encode()
        )
        assert await frames.frame() == b"event: complete\ndata:"
        with pytest.raises(StopAsyncIteration):
            await frames.frame()


@pytest.mark.parametrize(
    ("accept", "streamed"),
    [
        ("text/event-stream", True),
        ("text/event-stream, application/json", True),
        ("application/json;q=0.5, text/event-stream;q=0.9", True),
        ("text/event-stream, */*;q=0.1", True),
        ("application/json, text/event-stream", False),
        ("application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.8", False),
        ("*/*", False),
        ("*/*, text/event-stream", False),
        ("text/event-stream;q=0, application/json;q=0.1", False),
    ],
)
async def test_only_who_prefers_a_stream_gets_one(served: Served, accept: str, streamed: bool) -> None:
    async with served.events(QUERY, accept=accept) as frames:
        assert (frames.response.headers["content-type"] == STREAM) == streamed
        assert frames.response.status_code == 200


async def test_a_subscription_in_plain_json(served: Served) -> None:
    async with served.http as http:
        for query in (SLOTS, f"{SLOTS} {{"):
            answer = await http.post("/graphql", json={"query": query}, headers={"x-test-viewer": "patient"})
            codes = {SLOTS: (406, "BAD_REQUEST")}.get(query, (200, "GRAPHQL_PARSE_FAILED"))
            assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == codes


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ doctors(", None, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
        (SLOTS, None, "BAD_USER_INPUT"),
        (SLOTS, {**DOCTOR, "after": "?"}, "BAD_USER_INPUT"),
        (APPOINTMENTS, DOCTOR, "UNAUTHENTICATED"),
    ],
)
async def test_what_cannot_be_run(served: Served, query: str, variables: dict[str, Any] | None, code: str) -> None:
    """The stock server breaks the stream off."""
    async with served.events(query, variables, viewer="anonymous") as frames:
        name, body = await frames.hear()
        assert (name, [error["extensions"]["code"] for error in body["errors"]]) == ("next", [code])
        assert await frames.hear() == ("complete", None)


async def test_what_is_no_request(served: Served) -> None:
    async with served.http as http:
        headers = {"accept": "text/event-stream", "x-test-viewer": "patient"}
        answer = await http.post("/graphql", json={"query": 1}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_a_get_of_event_source(served: Served) -> None:
    """A browser's EventSource sends no header of its own, so any site's page could ask; with one, a GET streams too."""
    accept = {"accept": "text/event-stream", "x-test-viewer": "patient"}
    async with served.http as http:
        answer = await http.get("/graphql", params={"query": QUERY}, headers=accept)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
        answer = await http.get(
            "/graphql", params={"query": QUERY}, headers=accept | {"graphql-require-preflight": "1"}
        )
        assert (answer.status_code, answer.headers["content-type"]) == (200, STREAM)
        assert answer.text.count("event: next\n") == answer.text.count("event: complete\n") == 1


async def test_a_connection_is_used_again_after_what_could_not_be_run(served: Served) -> None:
    async with served.http as http:
        accept = {"accept": "text/event-stream", "x-test-viewer": "patient"}
        answers = [await http.post("/graphql", json={"query": "{ nothing }"}, headers=accept) for _ in range(3)]
        assert {answer.text.count("event: complete\n") for answer in answers} == {1}
        streams = {answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers}
        assert len(streams) == 1


async def test_a_subscription(served: Served) -> None:
    async with served.events(SLOTS, DOCTOR, viewer="anonymous") as frames:
        await watching(served)
        await hold(served, 160)
        name, body = await frames.hear()
        change = body["data"]["slotAvailabilityChanged"]
        assert (name, change["slotId"], change["slot"]) == ("next", encode_id("Slot", 160), None)
    while served.app.events.watching:
        await asyncio.sleep(0.01)
    await hold(served, 170)
    async with served.events(SLOTS, {**DOCTOR, "after": change["position"]}, viewer="anonymous") as frames:
        assert (await frames.hear())[1]["data"]["slotAvailabilityChanged"]["slotId"] == encode_id("Slot", 170)


async def test_heartbeats(clinic: str, sql: object) -> None:
    async with (
        serving(clinic, works=False, patience=Patience(heartbeat=0.02)) as served,
        served.events(SLOTS, DOCTOR) as frames,
    ):
        assert [await frames.frame() for _ in range(4)] == [b":"] * 4


async def test_a_token_that_expires_ends_it(clinic: str, sql: "asyncpg.Connection[Any]") -> None:
    tokens = Tokens()
    for heartbeat in (0.02, 60.0):
        tokens.good = {b"Bearer good": tokens.first}
        async with (
            serving(clinic, viewer_of=tokens, patience=Patience(heartbeat=heartbeat)) as served,
            served.events(APPOINTMENTS, viewer="anonymous", authorization="Bearer good") as frames,
        ):
            await watching(served)
            tokens.good = {}
            if heartbeat == 60:
                await cancel(served, 12)
            name, body = await frames.hear()
            assert (name, [error["extensions"]["code"] for error in body["errors"]]) == ("next", ["UNAUTHENTICATED"])
            assert await frames.hear() == ("complete", None)


async def test_stopping_ends_it_without_complete(clinic: str, sql: object) -> None:
    async with serving(clinic, works=False) as served, served.events(SLOTS, DOCTOR) as frames:
        await watching(served)
        served.server.should_exit = True
        with pytest.raises(StopAsyncIteration):
            await frames.hear()
