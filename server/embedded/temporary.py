"""A PostgreSQL for a while: for tests and checks."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from server.embedded.supervisor import EmbeddedPostgres

CARELESS = ("fsync", "full_page_writes", "synchronous_commit")


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """The DSN of a PostgreSQL that is gone afterwards, with all its files. It does not wait for the disk."""
    folder = Path(tempfile.mkdtemp(prefix="clinicgraph-"))
    try:
        folder.chmod(0o711)  # passable for the user that PostgreSQL runs as, readable for nobody
        with EmbeddedPostgres(folder) as postgres:
            asyncio.run(_switch_off(postgres.dsn, CARELESS))
            yield postgres.dsn
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _switch_off(dsn: str, names: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for name in names:
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()
