"""What each command does. Everything heavy is imported by the command that needs it."""

import asyncio
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from server import identity_commands, payment_commands
from server.clear_line import one_clear_line
from server.health_command import health
from server.settings import Settings, Stage

console = Console(stderr=True, highlight=False)


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
    from server.address import noted_address
    from server.database import migrate, the_database
    from server.identity import Identity, prepare
    from server.logs import write_logs
    from server.serve import bind, leave_when_told, run
    from server.welcome import refuse_demo_people, seed_if_empty, welcome

    leave_when_told()
    with one_clear_line():
        settings.check_production()
        write_logs(settings.operating.log_format)
        settings = replace(settings, host=host or settings.host, port=settings.port if port is None else port)
        with bind(settings.host, settings.port) as listening, the_database(settings) as dsn:
            settings = settings.listening_on(listening.getsockname()[1])
            Identity(settings)  # so that what cannot be is said before anything is done
            asyncio.run(migrate(dsn))
            if settings.database_url is None:
                asyncio.run(seed_if_empty(dsn, console))
            if settings.stage is Stage.PRODUCTION:
                asyncio.run(refuse_demo_people(dsn))
            asyncio.run(prepare(dsn, settings))
            with noted_address(settings):
                asyncio.run(welcome(dsn, settings, console))
                run(listening, dsn, settings, workers)


@main.command(help="Do what happens by itself: order events, sweep what has run out, forget what is old.")
@click.pass_obj
def worker(settings: Settings) -> None:
    from server.database import the_database
    from server.logs import write_logs
    from server.serve import leave_when_told
    from server.working import work_until_told

    leave_when_told()
    write_logs(settings.operating.log_format)
    with one_clear_line(), the_database(settings) as dsn:
        console.print("Working; `serve` does this too, unless CLINICGRAPH_WORKER is separate.")
        asyncio.run(work_until_told(dsn, settings))


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

    if replaces and settings.stage is not Stage.DEVELOPMENT:
        raise click.ClickException("--replace empties the database, so it works in development only")
    asked = Sizes(**{name: size for name, size in sizes.items() if size is not None})
    with one_clear_line(), database.the_database(settings) as dsn:
        asyncio.run(database.migrate(dsn))
        with progress_bars(console) as report:
            written = asyncio.run(
                load(
                    dsn,
                    asked,
                    seed=number,
                    now=datetime.now(UTC),
                    replace=replaces,
                    demo_password=settings.stage is Stage.DEVELOPMENT,
                    report=report,
                )
            )
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


@main.command(help="Compute roll-ups, seat counters and ledger balances from the facts; exit 1 if one is not right.")
@click.option("--repair", is_flag=True, help="Put roll-ups and counters right; nobody can write meanwhile.")
@click.pass_obj
def recount(settings: Settings, repair: bool) -> None:
    from server import database
    from server import recount as recounting
    from server.recount.report import table

    with one_clear_line(), database.the_database(settings) as dsn:
        found = asyncio.run(recounting.recount(dsn, repair=repair))
    if found:
        console.print(table(found))
        raise SystemExit(1)
    console.print("Everything is what the facts add up to.")


@main.command(name="print-schema", help="Print the schema, as schema.graphql holds it.")
def print_schema() -> None:
    from resolvers import build_schema

    sys.stdout.write(build_schema().as_str() + "\n")


for command in (
    health,
    identity_commands.admin,
    identity_commands.client,
    identity_commands.print_scopes,
    identity_commands.rotate_keys,
    identity_commands.token,
    payment_commands.reconcile,
):
    main.add_command(command)
