"""The database of a process: which one, its migrations, its pool."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from loaders.connections import Connect, Connections
from loaders.reads import Pools
from server.embedded import EmbeddedPostgres
from server.settings import Settings

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
MIGRATION_LOCK = 7_016_996_765_293_437_281  # any number, the same in every process
LOOKUP_CONNECTIONS, LIST_CONNECTIONS, WRITE_CONNECTIONS = 6, 4, 8
CANCELLATION_SECONDS = 5
STATEMENTS = 1_000  # prepared, per connection
ONE_PLAN, PLANNED_ANEW = "force_generic_plan", "force_custom_plan"  # see loaders.reads.Pools
SESSION = {
    "application_name": "clinicgraph",
    "timezone": "UTC",
    "jit": "off",  # compiling a plan takes longer than running any of ours
    "random_page_cost": "1.1",  # disks have no arms any more; 4 makes it read whole tables for a few hundred rows
}

MakePool: TypeAlias = Callable[[Connect, int], Connections]


class DatabaseError(Exception):
    """The database cannot be used; the message is one line that says why."""


@contextmanager
def the_database(settings: Settings) -> Iterator[str]:
    """The DSN of the database: `DATABASE_URL`, the embedded PostgreSQL of a running server, or one of our own.

    One of our own is stopped at the end. Its DSN stands in `database.url` in the data directory meanwhile, so that
    other commands find it.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    note = settings.data_dir / "database.url"
    if (running := _running(note)) is not None:
        yield running
        return
    with EmbeddedPostgres(settings.data_dir) as postgres:
        note.touch(mode=0o600)
        note.write_text(postgres.dsn)
        try:
            yield postgres.dsn
        finally:
            note.unlink(missing_ok=True)


def _running(note: Path) -> str | None:
    try:
        dsn = note.read_text()
        asyncio.run(_greet(dsn))
    except (OSError, asyncpg.PostgresError):
        return None
    return dsn


async def _greet(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=5)
    await connection.close()


@asynccontextmanager
async def open_pools(dsn: str, deadline: float = 30.0, pool: MakePool = Connections) -> AsyncIterator[Pools]:
    """The connections of a process, on which PostgreSQL ends each statement some time after `deadline` (seconds).

    Raises DatabaseError when there is no such database or it cannot be reached.
    """
    # A deadline cancels its statements itself; this is for those whose cancellation got lost.
    session = {"statement_timeout": str(round((deadline + CANCELLATION_SECONDS) * 1000))}
    pools = Pools(
        lookups=pool(connecting(dsn, **session, plan_cache_mode=ONE_PLAN), LOOKUP_CONNECTIONS),
        lists=pool(connecting(dsn, **session, plan_cache_mode=PLANNED_ANEW), LIST_CONNECTIONS),
        writes=pool(connecting(dsn, **session), WRITE_CONNECTIONS),
    )
    try:
        await pools.lookups.fetch("SELECT 1", (), asyncpg.Record)
    except (OSError, asyncpg.PostgresError) as error:
        raise DatabaseError(f"the database cannot be reached: {error}") from error
    try:
        yield pools
    finally:
        for connections in pools.by_name.values():
            await connections.close()


def connecting(dsn: str, **session: str) -> Connect:
    """How a connection is opened, with our settings of its session."""
    settings = SESSION | session

    async def connect() -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(
            dsn, server_settings=settings, statement_cache_size=STATEMENTS, timeout=10, command_timeout=60
        )

    return connect


async def migrate(dsn: str) -> None:
    """Creates or upgrades the tables; processes that do it at once wait for each other. Raises DatabaseError."""
    engine = create_async_engine(_for_sqlalchemy(dsn))
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.commit()
            await connection.run_sync(_upgrade)
    except (OSError, asyncpg.PostgresError) as error:
        raise DatabaseError(f"the database cannot be reached: {error}") from error
    finally:
        await engine.dispose()


async def is_current(pools: Pools) -> bool:
    """Whether the database is at the newest migration."""
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    try:
        rows = await pools.lookups.fetch("SELECT version_num FROM alembic_version", (), asyncpg.Record)
        return [row["version_num"] for row in rows] == [newest]
    except asyncpg.UndefinedTableError:
        return False


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    if current != ScriptDirectory.from_config(config).get_current_head():
        command.upgrade(config, "head")


def _for_sqlalchemy(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
