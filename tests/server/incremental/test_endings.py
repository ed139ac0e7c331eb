"""Payloads on real sockets: they come one by one, and end with their time, their client and the server."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, TypeAlias

import asyncpg
import httpx
import pytest

from server.endpoint import AT_ONCE
from server.settings import Settings
from server.streams.patience import Patience
from server.wire import Wire
from tests.server.incremental.asking import CURRENT, OLDER, put_together
from tests.server.test_deadlines import LONG, SHORT, locked, until
from tests.server.test_deadlines import _none as nobody_waits
from tests.server.test_deadlines import _some as somebody_waits
from tests.streams.serving import SOON, Frames, Served, serving

EVENTS = "text/event-stream"
QUERY = """{ clinics(first: 1) { edges { node {
  name ... @defer(label: "Doctors") { doctors { edges { node { specialty } } } } } } } }"""
FIRST = {"clinics": {"edges": [{"node": {"name": "Clinic 1"}}]}}
SPECIALTIES = ["General practice", "Cardiology"]
MUTATION = """mutation { updateMe(input: {name: "Done"}) { user { name ... @defer { workplaces { role } } } } }"""


Hear: TypeAlias = Callable[[], Awaitable[Any]]


class Parts:
    """The parts of an answer, one by one as they come."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._text = b""

    async def next(self) -> Any:
        """Raises StopAsyncIteration at the end."""
        while self._text.count(b"\r\n---") < 1:
            async with asyncio.timeout(SOON):
                self._text += await anext(self._chunks)
        part, _, self._text = self._text.partition(b"\r\n---")
        return json.loads(part.partition(b"\r\n\r\n")[2])


@asynccontextmanager
async def parts(
    served: Served, query: str = QUERY, *, viewer: str = "service", accept: str = CURRENT
) -> AsyncIterator[Parts]:
    headers = {"x-test-viewer": viewer, "accept": accept}
    async with (
        served.http as http,
        http.stream("POST", "/graphql", json={"query": query}, headers=headers) as response,
    ):
        yield Parts(response.aiter_raw())


def specialties(together: dict[str, Any]) -> list[str]:
    (edge,) = together["data"]["clinics"]["edges"]
    return [each["node"]["specialty"] for each in edge["node"]["doctors"]["edges"]]


@asynccontextmanager
async def begun(served: Served, dsn: str, accept: str) -> AsyncIterator[tuple[Any, Hear, AsyncExitStack]]:
    """An answer whose first payload has come, and how to hear the next; what follows waits until the lock is opened."""
    async with AsyncExitStack() as lock:
        sql = await lock.enter_async_context(locked(dsn, "doctors"))
        asking = served.events(QUERY) if accept == EVENTS else parts(served, accept=accept)
        async with asking as came:
            hear = came.next if isinstance(came, Parts) else partial(heard, came)
            first = await hear()
            assert first["data"] == FIRST
            await until(lambda: somebody_waits(sql))
            yield first, hear, lock


async def heard(frames: Frames) -> Any:
    name, body = await frames.hear()
    assert name == "next"
    return body


@pytest.mark.parametrize("accept", [CURRENT, EVENTS])
async def test_the_first_does_not_wait_for_the_rest(accept: str, clinic: str) -> None:
    async with (
        serving(clinic, works=False, settings=LONG) as served,
        begun(served, clinic, accept) as (first, hear, lock),
    ):
        await lock.aclose()
        assert specialties(put_together([first, await hear()])) == SPECIALTIES
        with pytest.raises((StopAsyncIteration, AssertionError)):
            await hear()


async def test_over_a_websocket_it_is_whole(clinic: str) -> None:
    """There is no Accept to say which payloads its client knows."""
    async with serving(clinic, works=False, settings=LONG) as served, served.socket() as socket:
        await socket.say(type="subscribe", id="1", payload={"query": QUERY})
        said = await socket.hear()
        assert (said["type"], specialties(said["payload"])) == ("next", SPECIALTIES)
        assert said["payload"].keys() == {"data"}
        assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_hanging_up_ends_the_rest(clinic: str) -> None:
    for asking in ("parts", "events"):
        async with serving(clinic, works=False, settings=LONG) as served, locked(clinic, "doctors") as sql:
            if asking == "parts":
                async with parts(served) as came:
                    await came.next()
                    await until(lambda: somebody_waits(sql))
            else:
                async with served.events(QUERY) as frames:
                    await frames.hear()
                    await until(lambda: somebody_waits(sql))
            await until(lambda: nobody_waits(sql))
            await all_free(served)


@pytest.mark.parametrize("ends", ["hang up", "too long"])
async def test_a_first_payload_that_does_not_come(ends: str, clinic: str) -> None:
    settings = LONG if ends == "hang up" else SHORT
    async with serving(clinic, works=False, settings=settings) as served, locked(clinic, "clinics") as sql:
        async with served.http as http:
            headers = {"x-test-viewer": "service", "accept": f"{CURRENT}, application/json"}
            asking = asyncio.create_task(http.post("/graphql", json={"query": QUERY}, headers=headers))
            await until(lambda: somebody_waits(sql))
            if ends == "hang up":
                asking.cancel()
            (answer,) = await asyncio.gather(asking, return_exceptions=True)
        if isinstance(answer, httpx.Response):
            assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (504, "TIMEOUT")
        else:
            assert isinstance(answer, asyncio.CancelledError)
        await until(lambda: nobody_waits(sql))
        await all_free(served)


async def test_hanging_up_before_the_rest_is_asked_for(clinic: str) -> None:
    async with serving(clinic, works=False, settings=LONG) as served:
        for _ in range(20):
            async with parts(served) as came:
                await came.next()
        await all_free(served)
        async with parts(served) as came:
            assert specialties(put_together([await came.next(), await came.next()])) == SPECIALTIES


async def all_free(served: Served) -> None:
    """Until every turn and every connection was given back."""
    endpoint = served.app.endpoint

    async def free() -> bool:
        pools = (endpoint.pools.lists, endpoint.pools.lookups)
        return not endpoint.turns.locked() and all(len(pool._idle) == pool._open for pool in pools)

    await until(free)


@pytest.mark.parametrize("accept", [CURRENT, OLDER, EVENTS])
async def test_what_takes_too_long(accept: str, clinic: str) -> None:
    async with serving(clinic, works=False, settings=SHORT) as served, locked(clinic, "doctors") as sql:
        if accept == EVENTS:
            async with served.events(QUERY) as frames:
                first, last = (await frames.hear())[1], (await frames.hear())[1]
                assert await frames.hear() == ("complete", None)
        else:
            async with parts(served, accept=accept) as came:
                first, last = await came.next(), await came.next()
        late = {"message": "this took longer than 0.5 s", "extensions": {"code": "TIMEOUT"}}
        assert first["data"] == FIRST
        if accept == OLDER:
            path = ["clinics", "edges", 0, "node"]
            failed = {"data": None, "path": path, "label": "Doctors", "errors": [late]}
            assert last == {"incremental": [failed], "hasNext": False}
        else:
            assert last == {"completed": [{"id": "0", "errors": [late]}], "hasNext": False}
        await until(lambda: nobody_waits(sql))
        await all_free(served)


async def test_others_have_their_turn_meanwhile(clinic: str) -> None:
    async with (
        serving(clinic, works=False, settings=LONG) as served,
        locked(clinic, "doctors") as sql,
        asyncio.TaskGroup() as group,
    ):
        ready = asyncio.Barrier(AT_ONCE + 1)
        over = asyncio.Event()

        async def wait() -> None:
            async with parts(served) as came:
                await came.next()
                await ready.wait()
                await over.wait()

        for _ in range(AT_ONCE):
            group.create_task(wait())
        async with asyncio.timeout(SOON):
            await ready.wait()
        await until(lambda: somebody_waits(sql))

        async def all_given_back() -> bool:
            return served.app.endpoint.turns._value == AT_ONCE

        await until(all_given_back)
        over.set()


async def test_a_mutation_is_done_and_its_rest_is_not(clinic: str) -> None:
    """What was changed stays changed when its client hangs up before the rest."""
    async with serving(clinic, works=False, settings=LONG) as served:
        async with locked(clinic, "staff") as sql, parts(served, MUTATION, viewer="doctor") as came:
            assert (await came.next())["data"] == {"updateMe": {"user": {"name": "Done"}}}
            await until(lambda: somebody_waits(sql))
        connection = await asyncpg.connect(clinic)
        assert await connection.fetchval("SELECT count(*) FROM users WHERE name = 'Done'") == 1
        await connection.close()
        await all_free(served)


@pytest.mark.parametrize("accept", [CURRENT, EVENTS])
async def test_a_server_that_stops_finishes_first(accept: str, clinic: str) -> None:
    async with (
        serving(clinic, works=False, settings=LONG) as served,
        begun(served, clinic, accept) as (first, hear, lock),
    ):
        served.server.should_exit = True

        async def stopping() -> bool:
            return not any(server.is_serving() for server in served.server.servers)

        await until(stopping)
        await lock.aclose()
        assert specialties(put_together([first, await hear()])) == SPECIALTIES


async def test_a_client_that_takes_nothing(clinic: str) -> None:
    """Its connection is dropped, and what it asked for ends."""
    connection = await asyncpg.connect(clinic)
    await connection.execute("UPDATE doctors SET qualifications = repeat('Q', 1000)")
    await connection.close()
    wide = " ".join(f"a{n}: qualifications" for n in range(50))
    query = f"""{{ ... @defer {{
      doctors {{ edges {{ node {{ {wide} }} }} }}
      ... @defer {{ clinics {{ edges {{ node {{ name }} }} }} }} }} }}"""
    settings = Settings(wire=Wire(show_cost=False, operation_timeout=60))
    async with serving(clinic, settings=settings, patience=Patience(write=0.2), send_buffer=4_096) as served:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", served.port))
            body = json.dumps({"query": query}).encode()
            head = f"POST /graphql HTTP/1.1\r\nhost: x\r\naccept: {CURRENT}\r\nx-test-viewer: service\r\n"
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            await loop.sock_sendall(deaf, head.encode() + body)
            assert await loop.sock_recv(deaf, 15) == b"HTTP/1.1 200 OK"

            async def dropped() -> bool:
                return not served.server.server_state.connections

            await until(dropped)
        await all_free(served)
