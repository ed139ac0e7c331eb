"""What each command does. Everything heavy is imported by the command that needs it."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from server.settings import Settings, SettingsError

console = Console(stderr=True, highlight=False)


@contextmanager
def one_clear_line() -> Iterator[None]:
    """Turns what is known to go wrong into one line and exit code 1; anything else is a bug and keeps its traceback."""
    from server.database import DatabaseError
    from server.embedded import EmbeddedPostgresError
    from server.seed import SeedError
    from server.serve import AddressInUse
    from server.synthea import SyntheaError

    try:
        yield
    except (AddressInUse, DatabaseError, EmbeddedPostgresError, SeedError, SettingsError, SyntheaError) as error:
        raise click.ClickException(str(error)) from error


@click.group(help="Clinicgraph: one GraphQL schema for clinics, doctors, patients and their appointments.")
@click.pass_context
def main(context: click.Context) -> None:
    with one_clear_line():
        context.obj = Settings.read(os.environ)


@main.command(help="Serve the API, with the embedded PostgreSQL and demo data when nothing else is configured.")
@click.option("--host", help="Address to listen on (CLINICGRAPH_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (CLINICGRAPH_PORT).")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.pass_obj
def serve(settings: Settings, host: str | None, port: int | None, workers: int) -> None:
    from server.database import migrate, the_database
    from server.serve import bind, leave_when_told, run
    from server.welcome import seed_if_empty, welcome

    leave_when_told()
    with one_clear_line():
        settings.check_production()
        settings = replace(settings, host=host or settings.host, port=settings.port if port is None else port)
        with bind(settings.host, settings.port) as listening, the_database(settings) as dsn:
            asyncio.run(migrate(dsn))
            if settings.database_url is None:
                asyncio.run(seed_if_empty(dsn, console))
            asyncio.run(welcome(dsn, f"http://{settings.host}:{listening.getsockname()[1]}", console))
            run(listening, dsn, settings, workers)


@main.command(help="Create or upgrade the database.")
@click.pass_obj
def migrate(settings: Settings) -> None:
    from server import database

    with one_clear_line(), database.the_database(settings) as dsn:
        asyncio.run(database.migrate(dsn))
    console.print("The database is at the newest migration.")


@main.command(help="Load deterministic demo data into an empty database.")
@click.option("--clinics", type=click.IntRange(1), help="How many clinics.")
@click.option("--doctors", type=click.IntRange(1), help="How many doctors.")
@click.option("--patients", type=click.IntRange(1), help="How many patients.")
@click.option("--slots", type=click.IntRange(1), help="How many slots, past and future around today.")
@click.option("--appointments", type=click.IntRange(0), help="How many appointments.")
@click.option("--payments", type=click.IntRange(0), help="How many payments.")
@click.option("--seed", "number", type=int, default=1, show_default=True, help="The same number, the same data.")
@click.option("--replace", "replaces", is_flag=True, help="Empty the database first (development only).")
@click.pass_obj
def seed(settings: Settings, /, number: int, *, replaces: bool, **sizes: int | None) -> None:
    from server import database
    from server.progress import progress_bars
    from server.seed import Sizes
    from server.seed import seed as load
    from server.settings import Stage

    if replaces and settings.stage is not Stage.DEVELOPMENT:
        raise click.ClickException("--replace empties the database, so it works in development only")
    asked = Sizes(**{name: size for name, size in sizes.items() if size is not None})
    with one_clear_line(), database.the_database(settings) as dsn:
        asyncio.run(database.migrate(dsn))
        with progress_bars(console) as report:
            written = asyncio.run(load(dsn, asked, seed=number, now=datetime.now(UTC), replace=replaces, report=report))
    for table, rows in written.items():
        console.print(f"{rows:>12,} {table}")


@main.group(name="import", help="Load real data.")
def import_() -> None:
    pass


@import_.command(help="Load Synthea's CSV files from FOLDER; running it again loads nothing twice.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write each row's fate to this file.")
@click.pass_obj
def synthea(settings: Settings, folder: Path, report: Path | None) -> None:
    from rich.progress import Progress

    from server import database
    from server.synthea import Report, import_synthea

    with one_clear_line(), database.the_database(settings) as dsn:
        if report is not None:
            Report.check_path(report)
        asyncio.run(database.migrate(dsn))
        with Progress(console=console) as progress:
            result = asyncio.run(import_synthea(dsn, folder, progress=progress))
        console.print(result.table())
        if report is not None:
            result.write(report)
    if report is not None:
        console.print(f"What became of each row that was not loaded stands in {report}.")


@main.command(name="print-schema", help="Print the schema, as schema.graphql holds it.")
def print_schema() -> None:
    from resolvers import build_schema

    sys.stdout.write(build_schema().as_str() + "\n")
