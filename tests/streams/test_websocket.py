"""graphql-transport-ws to the letter."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from starlette.types import Scope
from websockets.exceptions import ConnectionClosed, InvalidStatus

from auth.viewer import Viewer
from schema.node import encode_id
from server.graphql_request import RequestRefused
from server.streams.patience import Patience
from tests.client import VIEWERS, viewer_of
from tests.streams.deeds import SLOTS, hold
from tests.streams.serving import Served, serving

QUERY = "{ doctors(first: 1) { edges { node { specialty } } } }"
DOCTOR = {"doctor": encode_id("Doctor", 1)}
QUICK = Patience(init=0.2, heartbeat=0.1)


async def test_a_query_and_a_mutation(served: Served) -> None:
    async with served.socket() as socket:
        await socket.say(type="subscribe", id="a", payload={"query": QUERY})
        specialty = {"edges": [{"node": {"specialty": "General practice"}}]}
        assert await socket.hear() == {"id": "a", "type": "next", "payload": {"data": {"doctors": specialty}}}
        assert await socket.hear() == {"id": "a", "type": "complete"}
        mutation = """mutation { holdSlot(input: {slotId: "x", idempotencyKey: "1"}) { userErrors { field code } } }"""
        await socket.say(type="subscribe", id="a", payload={"query": mutation, "extensions": {}, "other": 1})
        error = {"field": "slotId", "code": "VALIDATION_ERROR"}
        assert (await socket.hear())["payload"] == {"data": {"holdSlot": {"userErrors": [error]}}}
        assert await socket.hear() == {"id": "a", "type": "complete"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ doctors("}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": SLOTS}, "BAD_USER_INPUT"),
        ({"query": SLOTS, "variables": {"doctor": 1.5}}, "BAD_USER_INPUT"),
        ({"query": SLOTS, "variables": {"doctor": "RG9jdG9yOjE", "after": "?"}}, "BAD_USER_INPUT"),
        ({"query": SLOTS, "variables": {"doctor": "RG9jdG9yOjE", "after": "OTk5OS4w"}}, "BAD_USER_INPUT"),
    ],
)
async def test_what_cannot_be_run_is_an_error(served: Served, payload: dict[str, Any], code: str) -> None:
    """The stock server answers a syntax error with a bare `complete`."""
    async with served.socket() as socket:
        await socket.say(type="subscribe", id="a", payload=payload)
        message = await socket.hear()
        assert (message["id"], message["type"]) == ("a", "error")
        assert [error["extensions"]["code"] for error in message["payload"]] == [code]
        await socket.subscribe(SLOTS, DOCTOR, id="a")  # the id is free again


async def test_a_guard_that_is_not_met(served: Served) -> None:
    watch = 'subscription { appointmentChanged(doctorId: "RG9jdG9yOjE") { event } }'
    for viewer, code in (("anonymous", "UNAUTHENTICATED"), ("patient without scopes", "FORBIDDEN")):
        async with served.socket(viewer) as socket:
            await socket.say(type="subscribe", id="a", payload={"query": watch})
            message = await socket.hear()
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == code
            assert message["payload"][0]["path"] == ["appointmentChanged"]


BAD_MESSAGES: list[str | bytes] = [
    "",
    "{",
    "[]",
    "7",
    '{"id": "1"}',
    '{"type": 1}',
    '{"type": "other"}',
    '{"type": "ping", "payload": "x"}',
    '{"type": "complete"}',
    '{"type": "complete", "id": 7}',
    '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
    '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
    '{"type": "subscribe", "id": "' + 201 * "x" + '", "payload": {"query": "{ __typename }"}}',
    '{"type": "subscribe", "id": "1"}',
    '{"type": "subscribe", "id": "1", "payload": {}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": []}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": "x"}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "operationName": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "extensions": 1}}',
    b'{"type": "ping"}',
]


async def test_what_is_no_message_closes_with_4400(served: Served) -> None:
    for message in BAD_MESSAGES:
        async with served.socket() as socket:
            await socket.connection.send(message)
            assert (await socket.closed())[0] == 4400, message


async def test_the_beginning(served: Served) -> None:
    async with served.socket(init=False) as socket:
        await socket.say(type="ping")  # allowed at any time
        assert await socket.hear() == {"type": "pong"}
        await socket.say(type="subscribe", id="1", payload={"query": QUERY})
        assert await socket.closed() == (4401, "Unauthorized")
    async with served.socket() as socket:
        await socket.say(type="connection_init")
        assert await socket.closed() == (4429, "Too many initialisation requests")
    async with served.socket(protocol="graphql-ws", init=False) as socket:
        assert (await socket.closed())[0] == 4406


async def test_it_must_begin_in_time(clinic: str, sql: object) -> None:
    async with serving(clinic, works=False, patience=QUICK) as served, served.socket(init=False) as socket:
        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_an_id_is_used_once_at_a_time(served: Served) -> None:
    async with served.socket() as socket:
        await socket.subscribe(SLOTS, DOCTOR, id="one")
        await socket.subscribe(SLOTS, DOCTOR, id="two")
        await socket.say(type="complete", id="one")
        await socket.say(type="complete", id="never begun")
        await socket.subscribe(SLOTS, DOCTOR, id="one")
        await socket.say(type="subscribe", id="two", payload={"query": QUERY})
        assert await socket.closed() == (4409, "Subscriber for two already exists")


async def test_an_operation_that_was_completed_says_nothing_more(served: Served) -> None:
    async with served.socket() as socket:
        await socket.subscribe(SLOTS, DOCTOR, id="one")
        await socket.subscribe(SLOTS, DOCTOR, id="two")
        await socket.say(type="complete", id="one")
        await hold(served, 160)
        assert (await socket.hear())["id"] == "two"
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}
        assert served.app.events.watching == 1


async def test_a_connection_has_a_limit_of_operations(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.streams.conversation.MOST_OPERATIONS", 2)
    async with served.socket() as socket:
        for name in "ab":
            await socket.subscribe(SLOTS, DOCTOR, id=name)
        await socket.say(type="subscribe", id="c", payload={"query": QUERY})
        message = await socket.hear()
        assert (message["id"], message["type"]) == ("c", "error")
        assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_another_sites_page_is_turned_away(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with served.socket(origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    for welcome in (f"http://127.0.0.1:{served.port}", "http://127.0.0.1:8000"):
        async with served.socket(origin=welcome) as socket:
            assert socket.ack["type"] == "connection_ack"


class Tokens:
    """Says who asks by a bearer token; `good` may be taken back."""

    def __init__(self) -> None:
        self.first = VIEWERS["patient"]
        self.good = {b"Bearer good": self.first}
        self.answers = True

    async def __call__(self, scope: Scope) -> Viewer:
        headers = dict(scope["headers"])
        if not self.answers:
            raise RequestRefused(503, "nobody can tell", code="SERVICE_UNAVAILABLE")
        if b"authorization" not in headers:
            return await viewer_of(scope)
        if (viewer := self.good.get(headers[b"authorization"])) is None:
            raise RequestRefused(401, "the token has expired", code="UNAUTHENTICATED")
        return viewer


@pytest.mark.parametrize("where", ["payload", "header", "both"])
async def test_signing_in(clinic: str, sql: object, where: str) -> None:
    headers = {"payload": {}, "header": {"authorization": "Bearer good"}, "both": {"authorization": "Bearer bad"}}[
        where
    ]
    payload = {} if where == "header" else {"payload": {"Authorization": "Bearer good"}}
    async with (
        serving(clinic, works=False, viewer_of=Tokens()) as served,
        served.socket("anonymous", init=False, **headers) as socket,
    ):
        await socket.say(type="connection_init", **payload)
        assert (await socket.hear())["type"] == "connection_ack"
        await socket.say(type="subscribe", id="1", payload={"query": '{ patient(id: "UGF0aWVudDox") { id } }'})
        assert (await socket.hear())["payload"] == {"data": {"patient": {"id": "UGF0aWVudDox"}}}


async def test_a_bad_token(clinic: str, sql: object) -> None:
    tokens = Tokens()
    async with serving(clinic, works=False, viewer_of=tokens) as served:
        async with served.socket(init=False) as socket:
            await socket.say(type="connection_init", payload={"authorization": "Bearer bad"})
            assert await socket.closed() == (4403, "the token has expired")
        async with served.socket(init=False) as socket:
            await socket.say(type="connection_init", payload={"authorization": ["Bearer good"]})
            assert (await socket.closed())[0] == 4400
        tokens.answers = False
        async with served.socket(init=False) as socket:
            await socket.say(type="connection_init")
            assert await socket.closed() == (1013, "nobody can tell")


async def test_a_token_that_expires_closes_with_4403(clinic: str, sql: object) -> None:
    """When nothing happens too; while nobody can tell, the connection stays."""
    tokens = Tokens()
    quick = Patience(heartbeat=0.05)
    async with (
        serving(clinic, works=False, viewer_of=tokens, patience=quick) as served,
        served.socket(init=False) as socket,
    ):
        await socket.say(type="connection_init", payload={"authorization": "Bearer good"})
        await socket.hear()
        await socket.subscribe(SLOTS, DOCTOR)
        tokens.answers = False
        await asyncio.sleep(0.3)
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}
        tokens.answers = True
        tokens.good.clear()
        assert await socket.closed() == (4403, "the token has expired")


async def test_nothing_is_told_to_a_token_that_has_expired(clinic: str, sql: object) -> None:
    tokens = Tokens()
    async with serving(clinic, viewer_of=tokens) as served, served.socket(init=False) as socket:
        await socket.say(type="connection_init", payload={"authorization": "Bearer good"})
        await socket.hear()
        await socket.subscribe(SLOTS, DOCTOR)
        tokens.good.clear()
        await hold(served, 160)
        with pytest.raises(ConnectionClosed):
            await socket.hear()
        assert socket.connection.close_code == 4403


async def test_a_bug_is_masked(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the secret")

    async with served.socket() as socket:
        await socket.subscribe(SLOTS, DOCTOR)
        monkeypatch.setattr("schema.streams.Stream.__anext__", fail)
        monkeypatch.setattr("server.streams.operations.Operations._answer", fail)
        await socket.say(type="subscribe", id="2", payload={"query": QUERY})
        message = await socket.hear()
        assert (message["id"], message["type"]) == ("2", "error")
        (error,) = message["payload"]
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "secret" not in json.dumps(message)


async def test_stopping_says_come_again(clinic: str, sql: "asyncpg.Connection[Any]") -> None:
    """Subscriptions end at once with 1012; a query under way is finished first."""
    async with serving(clinic, works=False) as served, served.socket() as socket:
        await socket.subscribe(SLOTS, DOCTOR, id="watch")
        async with sql.transaction():
            await sql.execute("LOCK TABLE doctors IN ACCESS EXCLUSIVE MODE")
            await socket.say(type="subscribe", id="q", payload={"query": QUERY})
            waiting = (
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = database "
                "WHERE NOT granted AND datname = current_database()"
            )
            while not await sql.fetchval(waiting):
                await asyncio.sleep(0.02)
            served.server.should_exit = True
            await asyncio.sleep(0.3)
        assert (await socket.hear())["id"] == "q"
        assert await socket.hear() == {"id": "q", "type": "complete"}
        assert await socket.closed() == (1012, "the server stops; come again")
