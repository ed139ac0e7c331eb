"""The same questions on little and on much data: statements, pages that PostgreSQL reads, medians, side by side."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import asyncpg
import orjson
from rich.console import Console
from rich.table import Table
from starlette.types import Message, Scope

from auth import scopes
from auth.viewer import Viewer
from bench.asked import Asked, what_is_asked
from bench.booking import Mark
from bench.operations import Operation, Values, declared
from bench.processes import ServerError
from bench.seeded import Seeded, seeded
from bench.shapes import size as answer_size
from models.statement import Statement
from server.app import Application, create_app
from server.database import SESSION
from server.settings import Settings
from tests.clinic_data import NOW
from tests.scale import pages_of, recorded, scans_of

LIMIT = 1.5
"""By how much a median may grow from the smallest size to the largest."""
WARM = 20
ALIKE: Values = {"specialty": "General practice", "doctors": 30}
"""Asked instead, so that a tenth of the data can answer as much."""
SERVICE = Viewer(client_id="bench", is_service=True, scopes=frozenset(scopes.Scope))


async def service(_scope: Scope) -> Viewer:
    return SERVICE


@dataclass
class Grown:
    """An application on one size of the data, and what was measured of each operation; times in milliseconds.

    Statements are the most that one request took: whether two levels share one depends on what arrives first.
    """

    factor: float
    place: Seeded
    app: Application
    asked: Asked
    times: dict[str, list[float]] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    pages: dict[str, int] = field(default_factory=dict)
    scans: dict[str, list[str]] = field(default_factory=dict)

    async def ask(self, operation: Operation, nth: int) -> int:
        """Asks in this process, without sockets; how many statements it took. Raises ServerError."""
        document = operation.document("ours")
        seats = self.asked.bookings
        values = (
            seats[nth].variables("ours", nth)
            if operation.writes
            else declared(document, {**self.asked.values["ours"][0], **ALIKE})
        )
        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "http_version": "1.1",
        }
        said: list[bytes] = []
        body = orjson.dumps({"query": document, "variables": values})
        asked = asyncio.Queue[Message]()
        asked.put_nowait({"type": "http.request", "body": body, "more_body": False})

        async def send(message: Message) -> None:
            said.append(message.get("body", b""))

        await self.app(scope, asked.get, send)
        answer = orjson.loads(b"".join(said))
        if "errors" in answer or (operation.writes and "CONFIRMED" not in str(answer)):
            raise ServerError(f"{operation.name} on {self.factor:g} times the data: {str(answer)[:500]}")
        self.values[operation.name] = answer_size(answer["data"])
        found: int = scope["context"].reads.statements
        return found

    async def note_pages(self, operation: Operation, sql: "asyncpg.Connection[Any]") -> None:
        """The pages that the statements of a question read, the cache's included, and the large tables they scan."""
        seen: list[tuple[Statement, Any]] = []
        with recorded(seen):
            await self.ask(operation, 0)
        self.pages[operation.name] = sum([await pages_of(sql, statement, values) for statement, values in seen])
        self.scans[operation.name] = [scan for each in seen for scan in await scans_of(sql, *each)]


def measure_growth(factors: Sequence[float], rounds: int, operations: Sequence[Operation], console: Console) -> None:
    """Prints a table.

    Raises ServerError if statements grow with the data, a median does by more than `LIMIT`, or a plan scans a large
    table.
    """
    with ExitStack() as stack:
        places = [(factor, stack.enter_context(seeded(factor, console))) for factor in sorted(factors)]
        with console.status("Asking …"):
            grown = asyncio.run(_measured(places, operations, rounds))
    Console(width=None if console.is_terminal else 60 + 32 * len(grown)).print(_table(grown, operations, rounds))
    most, least = grown[-1], grown[0]
    if more := [each.name for each in operations if len({size.statements[each.name] for size in grown}) > 1]:
        raise ServerError(f"statements differ between the sizes: {', '.join(more)}")
    if scans := [f"{name} scans {scan}" for name, found in most.scans.items() for scan in found]:
        raise ServerError("\n".join(scans))
    slower = [each.name for each in operations if _times(most, each) > LIMIT * _times(least, each)]
    if slower:
        raise ServerError(f"the median grows by more than {LIMIT:g} times: {', '.join(slower)}")


async def _measured(
    places: Sequence[tuple[float, Seeded]], operations: Sequence[Operation], rounds: int
) -> list[Grown]:
    async with AsyncExitStack() as stack:
        grown = []
        for factor, place in places:
            app = create_app(place.dsn, Settings(data_dir=place.data_dir), service, lambda: NOW)
            await stack.enter_async_context(app.lifespan)
            grown.append(Grown(factor, place, app, await what_is_asked(place.dsn, NOW)))
        for operation in operations:
            await _ask_in_turn(grown, operation, rounds)
        return grown


async def _ask_in_turn(grown: Sequence[Grown], operation: Operation, rounds: int) -> None:
    """One after the other, on one size after the other, so that whatever else the machine does is shared by all."""
    marks = [await Mark.now(size.place.dsn) for size in grown]
    for nth in range(WARM + rounds):
        for size in grown:
            start = time.perf_counter()
            taken = await size.ask(operation, nth)
            size.statements[operation.name] = max(taken, size.statements.get(operation.name, 0))
            if nth >= WARM:
                size.times.setdefault(operation.name, []).append(1e3 * (time.perf_counter() - start))
    for size, mark in zip(grown, marks, strict=True):
        if operation.writes:
            await mark.put_back()
            continue
        sql = await asyncpg.connect(size.place.dsn, server_settings=SESSION)
        try:
            await size.note_pages(operation, sql)
        finally:
            await sql.close()


def _times(size: Grown, operation: Operation) -> float:
    return median(size.times[operation.name])


def _table(grown: Sequence[Grown], operations: Sequence[Operation], rounds: int) -> Table:
    table = Table(title=f"Medians of {rounds}, one request at a time, the sizes in turn", title_justify="left")
    table.add_column("operation")
    for what in ("values", "statements", "pages", "ms"):
        for size in grown:
            table.add_column(f"{what}\nat {size.factor:g}", justify="right")
    table.add_column("ms, most\nby least", justify="right")
    for operation in operations:
        name = operation.name
        table.add_row(
            name,
            *(str(size.values[name]) for size in grown),
            *(str(size.statements[name]) for size in grown),
            *(str(size.pages.get(name, "-")) for size in grown),
            *(f"{_times(size, operation):.2f}" for size in grown),
            f"{_times(grown[-1], operation) / _times(grown[0], operation):.2f}",
        )
    return table
