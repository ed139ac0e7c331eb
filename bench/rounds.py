"""The measurement: servers up, answers compared, warmed up, then windows of load in turn."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bench.database import StatementLog, libpq_environment
from bench.load import Generate, Request, ask
from bench.operations import Operation, Values
from bench.pgbench import pgbench
from bench.processes import START_SECONDS, Cores, Server, ServerError
from bench.results import Results, Sample
from bench.runners import PGBENCH, Runner, environment
from bench.shapes import common_shape, size

CONNECTIONS = (1, 32)
WARM_SECONDS = 2.0
LONGEST_SECONDS = 30.0
ANSWERS_EACH = 5
COUNTED = 20
Say = Callable[[str], None]


class Bench:
    """Servers that run side by side, and the requests for each."""

    def __init__(
        self,
        dsn: str,
        now: datetime,
        values: Mapping[str, Values],
        operations: Sequence[Operation],
        generate: Generate,
        say: Say,
    ) -> None:
        self._dsn = dsn
        self._now = now
        self._libpq = libpq_environment(dsn)
        self._values = values
        self._operations = operations
        self._generate = generate
        self._say = say
        self._servers: dict[str, Server] = {}
        self._requests: dict[tuple[str, str], Request] = {}
        self._rates: dict[tuple[str, str], float] = {}
        self.results = Results()

    @contextmanager
    def running(self, runners: Sequence[Runner], cores: Cores, logs: Path) -> Iterator[None]:
        """Starts a server for each runner and stops them all. Raises ServerError if one does not answer."""
        try:
            for runner in runners:
                self._say(f"starting {runner.name}")
                port = free_port()
                place = environment(self._dsn, self._libpq, port, self._now, runner)
                log = logs / f"{runner.name}.log"
                server = Server(runner.name, runner.command, runner.folder, place, log, cores)
                self._servers[runner.name] = server
                for operation in self._operations:
                    self._requests[runner.name, operation.name] = runner.request(operation, port, self._values)
                wait_for(server, self._requests[runner.name, self._operations[0].name])
            yield
        finally:
            for server in self._servers.values():
                server.stop()

    def compare_answers(self) -> None:
        """Raises ServerError, naming the first difference, unless every server gives the same answer."""
        for operation in self._operations:
            first: tuple[str, Any] | None = None
            for name in self._servers:
                answer = orjson.loads(asyncio.run(ask(self._requests[name, operation.name])))
                if "errors" in answer:
                    raise ServerError(f"{name} answers {operation.name} with {answer['errors'][:2]}")
                shape = common_shape(answer["data"])
                if first is None:
                    first = (name, shape)
                    self.results.values[operation.name] = size(shape)
                elif shape != first[1]:
                    raise ServerError(f"{operation.name}: {name} and {first[0]} differ: {difference(shape, first[1])}")

    def warm_up(self) -> None:
        """Lets caches fill and compilers do their work, and sees how long a window each runner needs."""
        for operation in self._operations:
            for name, server in self._servers.items():
                self._say(f"warming up {name}: {operation.name}")
                timing = self._generate(self._requests[name, operation.name], max(CONNECTIONS), WARM_SECONDS)
                server.settle()
                self._rates[name, operation.name] = max(timing.rate, 0.5)

    async def count_statements(self, log: StatementLog) -> None:
        """Statements per request, BEGIN and ROLLBACK included, in answers that follow each other."""
        for operation in self._operations:
            for name in self._servers:
                request = self._requests[name, operation.name]
                async with log.counting() as counted:
                    await ask(request, COUNTED)
                self.results.statements[name, operation.name] = counted[0] / COUNTED

    def round(self, seconds: float, *, statements_alone: bool) -> None:
        """One window for each operation, number of connections and runner, the runners next to each other."""
        for operation in self._operations:
            for connections in CONNECTIONS:
                for name, server in self._servers.items():
                    self._say(f"{operation.name}, {connections} connections: {name}")
                    self._add(
                        name, operation, connections, self._measure(name, server, operation, connections, seconds)
                    )
                if statements_alone:
                    self._say(f"{operation.name}, {connections} connections: {PGBENCH}")
                    timing = pgbench(operation, connections, seconds, self._values["peers"], self._libpq)
                    self._add(PGBENCH, operation, connections, Sample(timing, None, None))

    def _measure(self, name: str, server: Server, operation: Operation, connections: int, seconds: float) -> Sample:
        window = self._window(self._rates[name, operation.name], connections, seconds)
        before, start = server.cpu_seconds(), time.monotonic()
        timing = self._generate(self._requests[name, operation.name], connections, window)
        during, elapsed = server.cpu_seconds() - before, time.monotonic() - start
        server.check()
        server.settle()  # wrk leaves when its time is over; a server still works on what was asked
        self.results.peak_mib[name] = server.peak_mib
        used = server.cpu_seconds() - before
        return Sample(timing, 1e3 * used / (timing.requests + connections), during / elapsed)

    @staticmethod
    def _window(rate: float, connections: int, seconds: float) -> float:
        """Long enough for five answers on each connection, within bounds."""
        return min(max(seconds, ANSWERS_EACH * connections / rate), max(seconds, LONGEST_SECONDS))

    def _add(self, runner: str, operation: Operation, connections: int, sample: Sample) -> None:
        self.results.samples[runner, operation.name, connections].append(sample)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def wait_for(server: Server, request: Request) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        server.check()
        try:
            asyncio.run(ask(request))
        except (OSError, asyncio.IncompleteReadError) as error:
            if time.monotonic() > deadline:
                raise ServerError(f"no answer from port {request.port}: {error}") from error
            time.sleep(0.1)
        else:
            return


def difference(one: Any, other: Any, path: str = "data") -> str:
    """Where two answers first differ, and how."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(f"{path}.{key}", one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{path}[{index}]", *both) for index, both in enumerate(zip(one, other, strict=True))]
    else:
        return f"{path} is {str(one)[:200]} and {str(other)[:200]}"
    return next(difference(a, b, place) for place, a, b in pairs if a != b)
