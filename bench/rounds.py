"""The measurement: servers up, answers compared, warmed up, then windows of load in turn."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bench.asked import Asked
from bench.booking import Mark, script_of_bookings
from bench.captured import Script
from bench.database import StatementLog, libpq_environment, run, until_idle
from bench.load import Generate, Request, ask
from bench.operations import Operation
from bench.pgbench import pgbench, reading
from bench.processes import Cores, Server, ServerError, free_port
from bench.results import Results, Sample
from bench.runners import OURS, PGBENCH, Runner, environment
from bench.seeded import Seeded
from bench.shapes import common_shape, size

WARM_SECONDS = 2.0
LONGEST_SECONDS = 30.0
ANSWERS_EACH = 5
COUNTED = 20
COMPARED = 5
Say = Callable[[str], None]


class Bench:
    """Servers that run side by side, and the requests for each."""

    def __init__(
        self,
        place: Seeded,
        now: datetime,
        asked: Asked,
        operations: Sequence[Operation],
        generate: Generate,
        say: Say,
    ) -> None:
        self._dsn = place.dsn
        self._data_dir = place.data_dir
        self._now = now
        self._libpq = libpq_environment(place.dsn)
        self._asked = asked
        self._operations = operations
        self._generate = generate
        self._say = say
        self._servers: dict[str, Server] = {}
        self._requests: dict[tuple[str, str], Request] = {}
        self._rates: dict[tuple[str, str], float] = {}
        self._scripts: dict[str, Script] = {}
        self.results = Results()

    @contextmanager
    def running(self, runners: Sequence[Runner], cores: Cores, logs: Path) -> Iterator[None]:
        """Starts a server for each runner and stops them all. Raises ServerError if one does not answer."""
        try:
            for runner in runners:
                self._say(f"starting {runner.name}")
                port = free_port()
                place = environment(self._dsn, self._libpq, self._data_dir, port, self._now, runner)
                log = logs / f"{runner.name}.log"
                asked = asyncio.run(self._asked.with_tokens(self._dsn, self._data_dir, port, self._now))
                server = Server(runner.name, runner.command, runner.folder, place, log, cores)
                self._servers[runner.name] = server
                for operation in self._operations:
                    if runner.can(operation):
                        self._requests[runner.name, operation.name] = runner.request(operation, port, asked)
                server.wait_for(port)
            yield
        finally:
            for server in self._servers.values():
                server.stop()

    def _asked_servers(self, operation: Operation) -> Iterator[tuple[str, Server, Request]]:
        """The servers that can be asked an operation, and how."""
        for name, server in self._servers.items():
            if (request := self._requests.get((name, operation.name))) is not None:
                yield name, server, request

    def compare_answers(self) -> None:
        """Raises ServerError, naming the first difference, unless all servers give the same answers.

        A few questions of each operation are compared. Of a deed, that it is done is what counts. What stands in
        `extensions` is no part of an answer.
        """
        for operation in self._operations:
            self._say(f"comparing {operation.name}")
            for nth in range(1 if operation.writes else COMPARED):
                self._compare(operation, nth)

    def _compare(self, operation: Operation, nth: int) -> None:
        asked = [(name, request) for name, _, request in self._asked_servers(operation)]
        shapes = [
            (name, self._shape(name, operation, request.only(nth)))
            for name, request in asked
            if nth < len(request.questions)
        ]
        for name, shape in shapes[1:]:
            if shape != shapes[0][1] and not operation.writes:
                differ = difference(shape, shapes[0][1])
                raise ServerError(f"{operation.name}, {nth}: {name} and {shapes[0][0]} differ: {differ}")
        if nth == 0 and shapes:
            self.results.values[operation.name] = 2 if operation.writes else size(shapes[0][1])

    def _shape(self, name: str, operation: Operation, request: Request) -> Any:
        """A server's answer in the shape that all have. Raises ServerError if it has errors, or a deed is not done."""
        with self._putting_back(operation):
            answer = orjson.loads(asyncio.run(ask(request)))
        if "errors" in answer:
            raise ServerError(f"{name} answers {operation.name} with {answer['errors'][:2]}")
        if operation.writes and "CONFIRMED" not in str(answer["data"]):
            raise ServerError(f"{name} answers {operation.name} with {str(answer['data'])[:500]}")
        return common_shape(answer["data"])

    @contextmanager
    def _putting_back(self, operation: Operation) -> Iterator[Mark | None]:
        """Whatever a deed has changed meanwhile is as it was afterwards."""
        if not operation.writes:
            yield None
            return
        mark = asyncio.run(Mark.now(self._dsn))
        try:
            yield mark
        finally:
            asyncio.run(mark.put_back())

    def warm_up(self) -> None:
        """Lets caches fill and compilers do their work, and sees how long a window each runner needs."""
        for operation in self._operations:
            for name, server, request in self._asked_servers(operation):
                self._say(f"warming up {name}: {operation.name}")
                with self._putting_back(operation):
                    timing = self._generate(request, operation.connections[1], WARM_SECONDS)
                    self._settle(server)
                self._rates[name, operation.name] = max(timing.rate, 0.5)

    async def count_statements(self, log: StatementLog) -> None:
        """Statements per request, BEGIN and COMMIT included, in answers that follow each other."""
        for operation in self._operations:
            for name, _, request in self._asked_servers(operation):
                mark = await Mark.now(self._dsn)
                async with log.counting() as counted:
                    await ask(request, COUNTED)
                if operation.writes:
                    await mark.put_back()
                self.results.statements[name, operation.name] = counted[0] / COUNTED

    async def write_scripts(self, log: StatementLog | None) -> None:
        """What pgbench runs: the minimal SQL of questions, and what a booking of ours was seen to run."""
        for operation in self._operations:
            if operation.statement is not None:
                self._scripts[operation.name] = reading(operation.statement, self._asked.of("peers", operation))
        booking = self._requests.get((OURS, "booking"))
        if booking is not None and log is not None:
            mark = await Mark.now(self._dsn)
            self._scripts["booking"] = await script_of_bookings(self._dsn, log, booking, mark)

    def round(self, seconds: float) -> None:
        """One window for each operation, number of connections and runner, the runners next to each other."""
        for operation in self._operations:
            for connections in operation.connections:
                for name, server, request in self._asked_servers(operation):
                    self._say(f"{operation.name}, {connections} connections: {name}")
                    sample = self._measure(name, server, request, operation, connections, seconds)
                    self._add(name, operation, connections, sample)
                if (script := self._scripts.get(operation.name)) is not None:
                    self._say(f"{operation.name}, {connections} connections: {PGBENCH}")
                    seats = len(self._asked.bookings) if operation.writes else None
                    with self._putting_back(operation) as mark:
                        timing = pgbench(script, connections, seconds, self._libpq, seats)
                        if mark is not None and seats is not None:
                            check_booked(PGBENCH, asyncio.run(mark.booked()), timing.requests, seats)
                    if operation.writes:
                        asyncio.run(run(self._dsn, "ALTER SEQUENCE bench_nth RESTART"))
                    self._add(PGBENCH, operation, connections, Sample(timing, None, None))

    def _measure(
        self, name: str, server: Server, request: Request, operation: Operation, connections: int, seconds: float
    ) -> Sample:
        window = self._window(self._rates[name, operation.name], connections, seconds)
        with self._putting_back(operation) as mark:
            before, start = server.cpu_seconds(), time.monotonic()
            timing = self._generate(request, connections, window)
            during, elapsed = server.cpu_seconds() - before, time.monotonic() - start
            server.check()
            self._settle(server)  # wrk leaves when its time is over; a server still works on what was asked
            self.results.peak_mib[name] = server.peak_mib
            used = server.cpu_seconds() - before
            if mark is not None and operation.name != "contended":
                check_booked(name, asyncio.run(mark.booked()), timing.requests, len(request.questions))
        return Sample(timing, 1e3 * used / (timing.requests + connections), during / elapsed)

    def _settle(self, server: Server) -> None:
        """Waits until the server, and PostgreSQL for it, have finished what was abandoned."""
        asyncio.run(until_idle(self._dsn))
        server.settle()

    @staticmethod
    def _window(rate: float, connections: int, seconds: float) -> float:
        """Long enough for five answers on each connection, within bounds."""
        return min(max(seconds, ANSWERS_EACH * connections / rate), max(seconds, LONGEST_SECONDS))

    def _add(self, runner: str, operation: Operation, connections: int, sample: Sample) -> None:
        self.results.samples[runner, operation.name, connections].append(sample)


def check_booked(name: str, booked: int, answered: int, seats: int) -> None:
    """Raises ServerError unless every answer was a booking, and there were enough seats."""
    if answered > seats:
        raise ServerError(f"{name} answered {answered} bookings, and there are {seats} seats: take shorter windows")
    if booked < answered:
        raise ServerError(f"{name} answered {answered} bookings, and did {booked}")


def difference(one: Any, other: Any, path: str = "data") -> str:
    """Where two answers first differ, and how."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(f"{path}.{key}", one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{path}[{index}]", *both) for index, both in enumerate(zip(one, other, strict=True))]
    else:
        return f"{path} is {str(one)[:200]} and {str(other)[:200]}"
    return next(difference(a, b, place) for place, a, b in pairs if a != b)
