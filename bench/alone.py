"""One server of ours, without its peers."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.asked import Asked, what_is_asked
from bench.database import libpq_environment
from bench.load import Request
from bench.operations import OPERATIONS
from bench.processes import Cores, Server, free_port
from bench.runners import OURS, RUNNERS, environment
from bench.seeded import Seeded
from tests.clinic_data import NOW


@dataclass(frozen=True)
class Alone:
    """The server, its port, and how it is asked each operation."""

    server: Server
    port: int
    asked: Asked
    requests: Mapping[str, Request]


@contextmanager
def alone(
    place: Seeded,
    logs: Path,
    operations: Sequence[str],
    name: str = OURS,
    *,
    cores: Cores | None = None,
    works: bool = False,
) -> Iterator[Alone]:
    """Runs it for as long as the block lasts; with `works` it does a worker's work too. Raises ServerError.

    It has a core for itself unless `cores` say otherwise.
    """
    cores = Cores() if cores is None else cores
    cores.leave_the_measured()
    runner = next(runner for runner in RUNNERS if runner.name == name)
    port = free_port()
    asked = asyncio.run(_asked(place, port))
    given = environment(place.dsn, libpq_environment(place.dsn), place.data_dir, port, NOW, runner)
    more = {"BENCH_WORKS": "1"} if works else {}
    server = Server(name, runner.command, runner.folder, given | more, logs / f"{name}.log", cores)
    try:
        server.wait_for(port)
        requests = {each.name: runner.request(each, port, asked) for each in OPERATIONS if each.name in operations}
        yield Alone(server, port, asked, requests)
        server.check()
    finally:
        server.stop()


async def _asked(place: Seeded, port: int) -> Asked:
    asked = await what_is_asked(place.dsn, NOW)
    return await asked.with_tokens(place.dsn, place.data_dir, port, NOW)
