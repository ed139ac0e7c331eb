"""The command: `python -m bench`. Seeds the large data set once, as `make scale` does, and shares it."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from bench.database import StatementLog, busy_doctor, postgraphile_functions
from bench.load import generator
from bench.operations import OPERATIONS, Operation
from bench.packages import install
from bench.processes import Cores, ServerError
from bench.report import circumstances, print_markdown, print_results
from bench.rounds import Bench
from bench.runners import NAMES, PGBENCH, RUNNERS, Runner, values_of
from server.database import the_database
from server.serve import leave_when_told
from server.settings import Settings
from tests.clinic_data import NOW
from tests.scale import fill

console = Console(stderr=True, highlight=False)


def chosen(names: str | None, known: Sequence[str]) -> list[str]:
    """The names of a comma-separated list; all of them if nothing is given."""
    asked = list(known) if names is None else [name.strip() for name in names.split(",")]
    if unknown := set(asked) - set(known):
        raise click.BadParameter(f"{', '.join(sorted(unknown))} (there are {', '.join(known)})")
    return [name for name in known if name in asked]


@click.command(help="Measure Clinicgraph and its peers on the same data, and print one table per operation.")
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="Windows for each number.")
@click.option("--seconds", type=click.FloatRange(1, 60), default=4, show_default=True, help="Shortest window.")
@click.option("--runners", help=f"Only these, separated by commas: {', '.join(NAMES)}.")
@click.option("--operations", help=f"Only these: {', '.join(operation.name for operation in OPERATIONS)}.")
@click.option("--markdown", is_flag=True, help="Print the tables as Markdown.")
def main(rounds: int, seconds: float, runners: str | None, operations: str | None, *, markdown: bool) -> None:
    leave_when_told()
    names = chosen(runners, NAMES)
    asked = chosen(operations, [operation.name for operation in OPERATIONS])
    try:
        measure(
            rounds,
            seconds,
            [runner for runner in RUNNERS if runner.name in names],
            [operation for operation in OPERATIONS if operation.name in asked],
            statements_alone=PGBENCH in names,
            markdown=markdown,
        )
    except ServerError as error:
        raise click.ClickException(str(error)) from error
    except subprocess.CalledProcessError as error:
        said = (error.stdout or "") + (error.stderr or "")
        raise click.ClickException(f"{Path(error.cmd[0]).name} failed:\n{said.strip()[-2000:]}") from error


def measure(
    rounds: int,
    seconds: float,
    runners: list[Runner],
    operations: list[Operation],
    *,
    statements_alone: bool,
    markdown: bool,
) -> None:
    """Runs the whole bench and prints what it found. Raises ServerError or CalledProcessError."""
    settings = Settings.read(os.environ)
    settings = replace(settings, data_dir=settings.data_dir / "scale")
    install(console)
    cores = Cores()
    name, generate = generator()
    how = circumstances(name, rounds, seconds, pinned=cores.measured is not None)
    with ExitStack() as stack:
        dsn = stack.enter_context(the_database(settings))
        asyncio.run(fill(dsn, console))
        cores.leave_the_measured()
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinicgraph-bench-")))
        stack.enter_context(postgraphile_functions(dsn))
        values = values_of(asyncio.run(busy_doctor(dsn, NOW)), NOW)
        status = stack.enter_context(console.status("Starting …"))
        bench = Bench(dsn, NOW, values, operations, generate, status.update)
        with bench.running(runners, cores, logs):
            bench.compare_answers()
            bench.warm_up()
            if settings.database_url is None:
                status.update("Counting statements …")
                asyncio.run(bench.count_statements(StatementLog(dsn, settings.data_dir / "postgres" / "postgres.log")))
            for _ in range(rounds):
                bench.round(seconds, statements_alone=statements_alone)
            bench.compare_answers()
    titles = {runner.name: runner.title for runner in runners}
    if statements_alone:
        titles[PGBENCH] = "pgbench, the statements alone"
    if markdown:
        print_markdown(bench.results, operations, titles)
        print(how)
        return
    output = Console(width=None if sys.stdout.isatty() else 150)
    print_results(output, bench.results, operations, titles)
    output.print(how)


if __name__ == "__main__":
    main(prog_name="python -m bench")
