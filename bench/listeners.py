"""Many subscriptions to one doctor's schedule: how long after a booking's answer the last of them has heard of it."""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import asyncpg
import orjson
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.alone import Alone, alone
from bench.booking import Mark
from bench.load import HOST, Request, ask
from bench.processes import ServerError
from bench.seeded import seeded
from bench.shapes import global_id
from server.streams.messages import PROTOCOL

DOCUMENT = """subscription ($doctor: ID) {
  slotAvailabilityChanged(doctorId: $doctor) { event slotId slot { availableSeats } }
}"""
AT_ONCE = 50
PATIENCE = 60.0


@dataclass(frozen=True)
class Heard:
    """Seconds from sending a booking until its answer, the first listener, the median one and the last one."""

    answer: float
    first: float
    median: float
    last: float


def measure_listeners(listeners: int, events: int, size: float, console: Console) -> None:
    """Prints the medians over the bookings, and the worst. Raises ServerError if somebody does not hear."""
    with ExitStack() as stack:
        place = stack.enter_context(seeded(size, console))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinicgraph-bench-")))
        ours = stack.enter_context(alone(place, logs, ("booking",), works=True))
        mark = asyncio.run(Mark.now(place.dsn))
        try:
            with console.status(f"{listeners} listeners, {events} bookings …"):
                heard = asyncio.run(_measured(place.dsn, ours, listeners, events))
        finally:
            asyncio.run(mark.put_back())
        memory, used = ours.server.resident_mib(), ours.server.cpu_seconds()
    print(f"{listeners:,} listeners, {events} bookings; milliseconds from sending a booking:")
    for what in ("answer", "first", "median", "last"):
        times = sorted(1e3 * getattr(each, what) for each in heard)
        print(f"  {what:<7} median {median(times):8.1f}   worst {times[-1]:8.1f}")
    print(f"  the server: {memory:.0f} MiB, {used:.1f} s of CPU since its start")


async def _measured(dsn: str, ours: Alone, listeners: int, events: int) -> list[Heard]:
    booking = ours.requests["booking"]
    doctors = await _doctors(dsn, [seat.slot for seat in ours.asked.bookings])
    doctor = max(set(doctors), key=doctors.count)
    mine = [nth for nth, each in enumerate(doctors) if each == doctor][: events + 1]
    if len(mine) <= events:
        raise ServerError(f"the busiest doctor has {len(mine)} free days only: ask for fewer events")
    async with AsyncExitStack() as stack:
        gate = asyncio.Semaphore(AT_ONCE)

        async def listen() -> ClientConnection:
            async with gate:
                return await stack.enter_async_context(_connected(ours.port, booking.token))

        sockets = await asyncio.gather(*(listen() for _ in range(listeners)))
        await asyncio.gather(*(_subscribe(socket, doctor) for socket in sockets))
        return [await _one(sockets, booking.only(nth)) for nth in mine][1:]


async def _doctors(dsn: str, slots: list[int]) -> list[int]:
    sql = await asyncpg.connect(dsn)
    try:
        rows = await sql.fetch("SELECT id, doctor_id FROM slots WHERE id = ANY ($1)", slots)
    finally:
        await sql.close()
    found = {row["id"]: row["doctor_id"] for row in rows}
    return [found[slot] for slot in slots]


def _connected(port: int, token: str | None) -> connect:
    return connect(
        f"ws://{HOST}:{port}/graphql",
        subprotocols=[Subprotocol(PROTOCOL)],
        additional_headers={"Authorization": f"Bearer {token}"},
        proxy=None,
        compression=None,
        open_timeout=PATIENCE,
        close_timeout=1,
        ping_interval=None,
    )


async def _subscribe(socket: ClientConnection, doctor: int) -> None:
    await socket.send('{"type":"connection_init"}')
    await _hear(socket, "connection_ack")
    payload = {"query": DOCUMENT, "variables": {"doctor": global_id("Doctor", doctor)}}
    await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
    await socket.send('{"type":"ping"}')
    await _hear(socket, "pong")


async def _hear(socket: ClientConnection, kind: str) -> float:
    """When the next message came. Raises ServerError if it is of another kind, or none comes."""
    try:
        async with asyncio.timeout(PATIENCE):
            message = orjson.loads(await socket.recv())
    except TimeoutError:
        raise ServerError(f"a listener has heard nothing for {PATIENCE:g} s, where {kind} was to come") from None
    if message["type"] != kind or "errors" in message.get("payload", {}):
        raise ServerError(f"a listener hears {str(message)[:300]}, where {kind} was to come")
    return time.perf_counter()


async def _one(sockets: list[ClientConnection], booking: Request) -> Heard:
    hearing = [asyncio.ensure_future(_hear(socket, "next")) for socket in sockets]
    await asyncio.sleep(0)
    begin = time.perf_counter()
    answer = await ask(booking)
    answered = time.perf_counter() - begin
    if b"CONFIRMED" not in answer:
        raise ServerError(f"a booking answers {answer[:300].decode()}")
    times = sorted(at - begin for at in await asyncio.gather(*hearing))
    return Heard(answered, times[0], median(times), times[-1])
