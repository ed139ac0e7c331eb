"""Whether the migrations make what the models say: `python -m migrations.check`.

`alembic check` does not see exclusion constraints, CHECKs, predicates of partial indexes, or triggers. So two empty
databases are made, one by migrating and one from the models, and their dumps compared; then it goes down and up again.
"""

import asyncio
import difflib
import subprocess
import sys

from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from models import Base
from server.database import alembic_config, migrate
from server.embedded import create_database, temporary_postgres
from server.embedded.binaries import packaged_binaries


def dump(dsn: str) -> list[str]:
    """The schema of a database, without the order of statements and columns."""
    options = ["-s", "-O", "-x", "--restrict-key=x", "-T", "alembic_version", "-d", dsn]
    text = subprocess.run(
        [packaged_binaries() / "pg_dump", *options], check=True, capture_output=True, text=True
    ).stdout
    return sorted(line.rstrip(",") for line in text.splitlines() if line.strip() and not line.startswith("--"))


async def run(dsn: str, work: object) -> None:
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)  # type: ignore[arg-type]
    finally:
        await engine.dispose()


def down(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.downgrade(config, "base")


def differences(dsn: str) -> list[str]:
    """What differs between the two ways of making the database, or after going down and up."""
    migrated = asyncio.run(create_database(dsn, "migrated"))
    modelled = asyncio.run(create_database(dsn, "modelled"))
    asyncio.run(migrate(migrated))
    asyncio.run(run(modelled, Base.metadata.create_all))
    first, said = dump(migrated), dump(modelled)
    asyncio.run(run(migrated, down))
    left = [line for line in dump(migrated) if line.startswith(("CREATE", "ALTER"))]
    asyncio.run(migrate(migrated))
    return [
        *difflib.unified_diff(first, said, "migrations", "models", n=0, lineterm=""),
        *(f"left behind by the downgrade: {line}" for line in left),
        *difflib.unified_diff(first, dump(migrated), "up", "up, down, up", n=0, lineterm=""),
    ]


def main() -> int:
    with temporary_postgres() as dsn:
        found = differences(dsn)
    sys.stdout.write("\n".join(found or ["The migrations make what the models say."]) + "\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
