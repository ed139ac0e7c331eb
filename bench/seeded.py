"""The data that everything is measured on: of `make scale`, or so many times as much."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from bench.database import StatementLog, run
from bench.tokens import CLIENT
from server.database import the_database
from server.settings import Settings
from tests.scale import fill, sized

LEFT = f"DELETE FROM idempotency_keys WHERE owner LIKE '%:{CLIENT}'"
"""What a run that was broken off may have left."""
AUDITED = "TRUNCATE audit_records"
"""What earlier runs have read: millions of records, and the larger their index, the longer one more takes."""
ROOM = "ALTER SYSTEM SET max_connections = 300"
"""Connections for all servers at once, each with as many as it may have."""


@dataclass(frozen=True)
class Seeded:
    """A database with data, and where its files are; `log` is PostgreSQL's own, None if it is not the embedded one."""

    dsn: str
    data_dir: Path
    log: StatementLog | None


@contextmanager
def seeded(factor: float, console: Console) -> Iterator[Seeded]:
    """`factor` times the large data set, seeded when it is not there yet; `DATABASE_URL` only stands for 1."""
    settings = Settings.read(os.environ)
    name = "scale" if factor == 1 else f"scale-{factor:g}"
    url = settings.database_url if factor == 1 else None
    settings = replace(settings, data_dir=settings.data_dir / name, database_url=url)
    with the_database(settings) as dsn:
        asyncio.run(fill(dsn, console, sized(factor)))
        asyncio.run(run(dsn, LEFT))
        if url is None:
            asyncio.run(run(dsn, AUDITED))
            asyncio.run(run(dsn, ROOM))  # from the next start on
    with the_database(settings) as dsn:
        log = settings.data_dir / "postgres" / "postgres.log"
        yield Seeded(dsn, settings.data_dir, StatementLog(dsn, log) if url is None else None)
