"""The memory of one process of ours under many mixed requests: it must not grow."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path

import asyncpg
import orjson
from rich.console import Console
from rich.table import Table

from bench.alone import Alone, alone
from bench.booking import Mark
from bench.load import Question, Request, send
from bench.operations import Operation
from bench.processes import ServerError
from bench.seeded import seeded
from bench.shapes import global_id

MIX = {
    "tiny": 50,
    "token": 10,
    "list": 10,
    "fortnight": 8,
    "search": 6,
    "latest": 4,
    "doctor": 4,
    "clinic": 2,
    "admin": 2,
    "booking": 2,
    "cancellation": 2,
}
"""Of a hundred requests so many ask each. A tenth of the requests cancels what the tenth before has booked."""
CANCELLATION = Operation("cancellation", "a booking is taken back", writes=True)
TENTHS = 10
CONNECTIONS = 32
LIMIT = 1.1
"""How much more memory there may be after the last tenth than after the second."""


def in_turn() -> list[str]:
    """A hundred names, each spread evenly."""
    places = [((nth + 0.5) / share, name) for name, share in MIX.items() for nth in range(share)]
    return [name for _, name in sorted(places)]


def mixed(wires: Mapping[str, Iterator[bytes]]) -> Iterator[bytes]:
    """The next of each in turn, without end."""
    return (next(wires[name]) for name in cycle(in_turn()))


def measure_memory(requests: int, size: float, console: Console) -> None:
    """Prints the resident memory before and after each tenth of the requests.

    Raises ServerError if a request fails, or if memory grows by more than `LIMIT` after the second tenth.
    """
    tenth = requests // TENTHS
    with ExitStack() as stack:
        place = stack.enter_context(seeded(size, console))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinicgraph-bench-")))
        ours = stack.enter_context(alone(place, logs, [name for name in MIX if name != CANCELLATION.name]))
        mark = asyncio.run(Mark.now(place.dsn))
        try:
            seen = _asked(place.dsn, ours, mark, tenth, console)
        finally:
            asyncio.run(mark.put_back())
    Console(width=None if console.is_terminal else 80).print(_table(seen, tenth))
    if seen[TENTHS] > LIMIT * seen[2]:
        raise ServerError(f"memory grows: {seen[2]:.1f} MiB after the second tenth, {seen[TENTHS]:.1f} after the last")


def _asked(dsn: str, ours: Alone, mark: Mark, tenth: int, console: Console) -> list[float]:
    """MiB before, and after each tenth."""
    booked_each = tenth * MIX["booking"] // 100
    seats = len(ours.asked.bookings)
    if (TENTHS + 2) * (booked_each + 1) > seats:
        raise ServerError(f"there are {seats} seats to book: ask for fewer requests, or on more data")
    wires = {name: request.wires() for name, request in ours.requests.items()}
    send(ours.port, CONNECTIONS, islice(wires["booking"], booked_each + 1))
    order = mixed(wires)
    sent = list(islice(cycle(in_turn()), TENTHS * tenth))
    seen = [ours.server.resident_mib()]
    with console.status("Asking …") as status:
        for part in range(1, TENTHS + 1):
            status.update(f"{part} of {TENTHS} tenths")
            wires[CANCELLATION.name] = asyncio.run(_cancellations(dsn, ours, mark)).wires()
            send(ours.port, CONNECTIONS, islice(order, tenth))
            seen.append(ours.server.resident_mib())
    asked = (booked_each + 1 + sent.count("booking"), sent.count(CANCELLATION.name))
    if (done := asyncio.run(_done(dsn, mark))) != asked:
        raise ServerError(f"of {asked} bookings and cancellations {done} were done")
    return seen


async def _done(dsn: str, mark: Mark) -> tuple[int, int]:
    """How many bookings and cancellations since."""
    sql = await asyncpg.connect(dsn)
    try:
        both = "SELECT count(*), count(*) FILTER (WHERE NOT keeps_seat) FROM appointments WHERE id > $1"
        booked, cancelled = await sql.fetchrow(both, mark.appointment) or (0, 0)
    finally:
        await sql.close()
    return booked, cancelled


async def _cancellations(dsn: str, ours: Alone, mark: Mark) -> Request:
    """Of everything that was booked and not cancelled yet."""
    sql = await asyncpg.connect(dsn)
    try:
        booked = "SELECT id FROM appointments WHERE id > $1 AND keeps_seat ORDER BY id"
        ids = [row["id"] for row in await sql.fetch(booked, mark.appointment)]
    finally:
        await sql.close()
    document = CANCELLATION.document("ours")
    inputs = (
        {"appointmentId": global_id("Appointment", each), "reason": "well again", "idempotencyKey": f"bench-not-{each}"}
        for each in ids
    )
    bodies = [orjson.dumps({"query": document, "variables": {"input": each}}) for each in inputs]
    return Request(ours.port, [Question("/graphql", body) for body in bodies], ours.requests["booking"].token)


def _table(seen: Sequence[float], tenth: int) -> Table:
    table = Table("after", title="Resident memory of one process, everything on", title_justify="left")
    table.add_column("MiB", justify="right")
    for part, mib in enumerate(seen):
        table.add_row(f"{part * tenth:,} requests", f"{mib:.1f}")
    return table
