"""Many who watch, and some who do not keep up: memory stays bounded, and nobody waits for them."""

import asyncio
import json
import socket
import tracemalloc
from collections.abc import Sequence

import asyncpg
import pytest

from loaders.events import Event, Events, TooSlow, Wanted
from schema.node import encode_id
from server.streams.patience import Patience
from tests.streams.deeds import SLOTS, hold
from tests.streams.serving import SOON, Served, serving

DOCTOR = {"doctor": encode_id("Doctor", 1)}


def events(first: int, last: int) -> list[Event]:
    about = frozenset({("doctor", 1), ("slot", 160)})
    payload = {"slot_id": 160, "doctor_id": 1, "clinic_id": 1}
    return [Event(position, "slot.changed", payload, about) for position in range(first, last + 1)]


async def nothing(text: str, arguments: Sequence[object], row_type: type[asyncpg.Record]) -> list[asyncpg.Record]:
    return []


async def test_who_takes_too_slowly_is_let_go() -> None:
    told = Events(nothing, longest_line=10)
    told.begin(0)
    wanted = Wanted((("doctor", 1),), lambda _: True)
    slow, quick = await told.watch(wanted), await told.watch(wanted)
    for position in range(1, 21):
        told.deliver(events(position, position))
        assert (await anext(quick)).position == position
    assert told.watching == 1
    with pytest.raises(TooSlow):
        await anext(slow)
    await slow.aclose()
    await quick.aclose()
    assert told.watching == 0


async def test_a_thousand_lines_share_their_events() -> None:
    told = Events(nothing)
    told.begin(0)
    watches = [await told.watch(Wanted((("doctor", 1),), lambda _: True)) for _ in range(1_000)]
    tracemalloc.start()
    told.deliver(events(1, 900))
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used < 1_000 * 900 * 12, "eight bytes for each that waits"
    told.deliver(events(901, 1_100))
    assert told.watching == 0
    for watch in watches:
        with pytest.raises(TooSlow):
            await anext(watch)


async def test_a_slow_subscriber_is_told_so(clinic: str, sql: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its subscription ends with a code, and can be resumed; the connection stays."""
    async with serving(clinic) as served, served.socket() as socket_:
        await socket_.subscribe(SLOTS, DOCTOR)
        served.app.events.deliver(events(1, 2_000))
        message = await socket_.hear()
        while message["type"] == "next":
            message = await socket_.hear()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "SUBSCRIBER_TOO_SLOW")
        await socket_.say(type="ping")
        assert await socket_.hear() == {"type": "pong"}


async def test_a_client_that_takes_nothing_is_dropped(clinic: str, sql: object) -> None:
    """Its socket is full: no close frame would reach it."""
    async with serving(clinic, patience=Patience(write=0.2), send_buffer=8_192) as served:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", served.port))
            query = (
                'subscription { slotAvailabilityChanged(doctorId: "RG9jdG9yOjE") { '
                + " ".join(f"a{n}: event b{n}: slotId" for n in range(25))
                + " } }"
            )
            body = json.dumps({"query": query}).encode()
            head = (
                f"POST /graphql HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nx-test-viewer: service\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            await loop.sock_sendall(deaf, head.encode() + body)
            async with asyncio.timeout(SOON):
                while not served.app.events.watching:
                    await asyncio.sleep(0.01)
                position = 0
                while served.app.events.watching:
                    position += 10
                    served.app.events.deliver(events(position - 9, position))
                    await asyncio.sleep(0.02)


async def test_two_hundred_who_watch_over_sockets(served: Served) -> None:
    """Each is told, over ten connections with twenty operations each."""
    async with asyncio.TaskGroup() as group:
        ready = asyncio.Barrier(11)

        async def watch() -> None:
            async with served.socket("anonymous") as opened:
                for n in range(20):
                    await opened.subscribe(SLOTS, DOCTOR, id=str(n))
                await ready.wait()
                heard = {(await opened.hear())["id"] for _ in range(20)}
                assert heard == {str(n) for n in range(20)}

        for _ in range(10):
            group.create_task(watch())
        await ready.wait()
        await hold(served, 160)
