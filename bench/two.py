"""Two processes of ours beside one: the same answers, and what sharing the work costs."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import orjson
from rich.console import Console
from rich.table import Table

from bench.alone import Alone, alone
from bench.booking import Mark
from bench.load import HOST, read_answer, send
from bench.operations import Operation
from bench.processes import Cores, ServerError
from bench.report import figures
from bench.rounds import COMPARED, check_booked, difference
from bench.runners import OURS, OURS_TWO
from bench.seeded import seeded

CONNECTIONS = 32
PROCESSES = 2
TRIES = 100
Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Both: TypeAlias = tuple[list[float], list[float]]
"""CPU milliseconds a request, window by window, of one process and of two together."""


def measure_two(
    operations: Sequence[Operation], requests: int, windows: int, size: float, console: Console, *, one_core: bool
) -> None:
    """Prints a table. Raises ServerError if an answer differs."""
    names = [each.name for each in operations]
    with ExitStack() as stack:
        place = stack.enter_context(seeded(size, console))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinicgraph-bench-")))
        cores = Cores(shared=not one_core)
        one, two = (stack.enter_context(alone(place, logs, names, runner, cores=cores)) for runner in (OURS, OURS_TWO))
        if any(each.writes for each in operations) and requests > (seats := len(one.asked.bookings)):
            raise ServerError(f"there are {seats} seats to book: ask for fewer requests, or on more data")
        status = stack.enter_context(console.status("Comparing …"))
        asyncio.run(_compare(one, two, [each.name for each in operations if not each.writes]))
        found: dict[str, Both] = {name: ([], []) for name in names}
        for operation in operations:
            for window in range(windows + 1):
                status.update(f"{operation.name}, window {window}")
                for server, used in zip((one, two), found[operation.name], strict=True):
                    cpu_ms = _window(place.dsn, server, operation, requests)
                    if window:  # before the first, caches fill
                        used.append(cpu_ms)
    Console(width=None if console.is_terminal else 80).print(_table(found, requests, windows))


async def _compare(one: Alone, two: Alone, names: Sequence[str]) -> None:
    """Raises ServerError, naming the first difference, unless each of the two processes answers as the one does."""
    if not names:
        return
    expected = await _answers(one, names, await asyncio.open_connection(HOST, one.port))
    for process, streams in (await _held(two, names[0])).items():
        for (name, nth), answer in (await _answers(two, names, streams)).items():
            if answer != expected[name, nth]:
                differ = difference(answer, expected[name, nth])
                raise ServerError(f"{name}, {nth}: process {process} of two and the one differ: {differ}")


async def _answers(server: Alone, names: Sequence[str], streams: Streams) -> dict[tuple[str, int], Any]:
    """The data of each operation's first questions, asked on one connection, which is closed."""
    reader, writer = streams
    found = {}
    for name in names:
        request = server.requests[name]
        for nth, wire in enumerate(islice(request.wires(), min(COMPARED, len(request.questions)))):
            writer.write(wire)
            answer = orjson.loads(await read_answer(reader))
            if "errors" in answer:
                raise ServerError(f"{name} is answered with {answer['errors'][:2]}")
            found[name, nth] = answer["data"]
    writer.close()
    return found


async def _held(two: Alone, name: str) -> Mapping[int, Streams]:
    """A connection to each process, by its id: which one takes a new connection is chance."""
    found: dict[int, Streams] = {}
    for _ in range(TRIES):
        reader, writer = await asyncio.open_connection(HOST, two.port)
        writer.write(next(two.requests[name].wires()))
        await read_answer(reader)  # so it was accepted
        found[two.server.holder(writer.get_extra_info("sockname")[1])] = reader, writer
        if len(found) == PROCESSES:
            return found
    raise ServerError(f"of {TRIES} connections none was taken by the second process")


def _window(dsn: str, server: Alone, operation: Operation, requests: int) -> float:
    """CPU milliseconds of the server's processes for each of so many requests. What was booked is removed."""
    request = server.requests[operation.name]
    mark = asyncio.run(Mark.now(dsn)) if operation.writes else None
    try:
        before = server.server.cpu_seconds()
        send(server.port, CONNECTIONS, islice(request.wires(), requests))
        used = server.server.cpu_seconds() - before
        if mark is not None:
            check_booked(operation.name, asyncio.run(mark.booked()), requests, len(request.questions))
    finally:
        if mark is not None:
            asyncio.run(mark.put_back())
    return 1e3 * used / requests


def _table(found: Mapping[str, Both], requests: int, windows: int) -> Table:
    title = f"CPU ms a request: medians of {windows} windows of {requests:,} requests, in turn"
    table = Table("operation", title=title, title_justify="left")
    for what in ("one process", "two", "two by one"):
        table.add_column(what, justify="right")
    for name, (one, two) in found.items():
        table.add_row(name, figures(median(one)), figures(median(two)), f"{median(two) / median(one):.2f}")
    return table
