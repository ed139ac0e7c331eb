"""One client that opens or sends too much: a coded answer after bounded work, and others are answered meanwhile."""

import json
from contextlib import AsyncExitStack

import pytest

from server.graphql_request import LARGEST_BODY
from server.settings import Settings
from server.streams.conversation import MOST_OPERATIONS
from server.wire import Wire
from tests.streams.deeds import SLOTS
from tests.streams.serving import Served, serving
from tests.streams.test_websocket import DOCTOR

HEALTHY = "{ __typename doctors(first: 1) { edges { node { licenceNumber } } } }"
FRAMES = 3_000


async def healthy(served: Served) -> None:
    assert (await served.ask(HEALTHY))["__typename"] == "Query"


async def test_subscriptions_on_one_connection(served: Served) -> None:
    async with served.socket() as flooding:
        for n in range(MOST_OPERATIONS):
            await flooding.subscribe_only(SLOTS, DOCTOR, id=str(n))
        for n in range(FRAMES):
            await flooding.subscribe_only(SLOTS, DOCTOR, id=f"more {n}")
            if n % 1_000 == 0:
                await healthy(served)
            message = await flooding.hear()
            assert (message["id"], message["type"]) == (f"more {n}", "error")
            assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert served.app.events.watching == MOST_OPERATIONS
        await flooding.say(type="complete", id="0")
        await flooding.subscribe(SLOTS, DOCTOR, id="again")
        await healthy(served)
    await healthy(served)


async def test_frames_without_end(served: Served) -> None:
    """Answered one after the other: what a client does not read it cannot make the server keep."""
    async with served.socket() as flooding:
        for n in range(FRAMES):
            await flooding.say(type="ping", payload={"n": n})
            if n % 1_000 == 0:
                await healthy(served)
            assert (await flooding.hear())["payload"] == {"n": n}
        for _ in range(FRAMES):
            await flooding.say(type="complete", id="nothing")
        await flooding.subscribe(SLOTS, DOCTOR)
        await healthy(served)


async def test_a_frame_that_is_too_long(served: Served) -> None:
    async with served.socket() as flooding:
        await flooding.connection.send(json.dumps({"type": "ping", "payload": {"x": "x" * LARGEST_BODY}}))
        await healthy(served)
        assert (await flooding.closed())[0] == 1009


async def test_streams_of_one_address(clinic: str, sql: object) -> None:
    """A place is free again as soon as its stream has ended, and requests need none."""
    async with serving(clinic, settings=Settings(wire=Wire(streams=4))) as served, served.http as http:
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(served.socket())
                frames = await stack.enter_async_context(served.events(SLOTS, DOCTOR))
                assert frames.response.status_code == 200
            for _ in range(50):
                async with served.socket(init=False) as refused:
                    assert await refused.closed() == (1013, "an address has at most 4 streams at a time")
                accept = {"accept": "text/event-stream", "x-test-viewer": "service"}
                answer = await http.post("/graphql", json={"query": SLOTS, "variables": DOCTOR}, headers=accept)
                (error,) = answer.json()["errors"]
                assert (answer.status_code, error["extensions"]["code"]) == (429, "RATE_LIMITED")
                assert answer.headers["retry-after"] == "10"
            await healthy(served)
        for _ in range(2_000):  # the server learns of a hang-up a moment later
            async with served.events(SLOTS, DOCTOR) as frames:
                if frames.response.status_code == 200:
                    break
        assert frames.response.status_code == 200


async def test_a_bug_of_the_conversation_closes_with_4500(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("the secret")

    async with served.socket() as socket:
        monkeypatch.setattr("server.streams.conversation.read_message", fail)
        await socket.say(type="ping")
        assert await socket.closed() == (4500, "something went wrong here; it has been noted")
