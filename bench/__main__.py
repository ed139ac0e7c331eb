"""The command: `python -m bench`. Seeds the large data set once, as `make scale` does, and shares it."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from rich.console import Console

from bench.asked import what_is_asked
from bench.booking import seats_for_pgbench
from bench.database import postgraphile_functions
from bench.load import generator
from bench.operations import GROWN, OPERATIONS, Operation
from bench.packages import install
from bench.processes import Cores, ServerError
from bench.report import circumstances, print_markdown, print_results
from bench.rounds import Bench
from bench.runners import NAMES, NODE, PGBENCH, RUNNERS, Runner
from bench.seeded import seeded
from server.serve import leave_when_told
from tests.clinic_data import NOW

SHARED = [each for each in OPERATIONS if each.name != "contended"]
"""What `two` asks."""

console = Console(stderr=True, highlight=False)


def chosen(names: str | None, known: Sequence[str]) -> list[str]:
    """The names of a comma-separated list; all of them if nothing is given."""
    asked = list(known) if names is None else [name.strip() for name in names.split(",")]
    if unknown := set(asked) - set(known):
        raise click.BadParameter(f"{', '.join(sorted(unknown))} (there are {', '.join(known)})")
    return [name for name in known if name in asked]


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong in one line, or the end of what a program said."""
    try:
        yield
    except ServerError as error:
        raise click.ClickException(str(error)) from error
    except subprocess.CalledProcessError as error:
        said = (error.stdout or "") + (error.stderr or "")
        raise click.ClickException(f"{Path(error.cmd[0]).name} failed:\n{said.strip()[-2000:]}") from error


@click.group(
    invoke_without_command=True,
    help="Measure Clinicgraph and its peers on the same data, and print one table per operation.",
)
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="Windows for each number.")
@click.option("--seconds", type=click.FloatRange(1, 60), default=4, show_default=True, help="Shortest window.")
@click.option("--runners", help=f"Only these, separated by commas: {', '.join(NAMES)}.")
@click.option("--operations", help=f"Only these: {', '.join(operation.name for operation in OPERATIONS)}.")
@click.option("--size", type=click.FloatRange(0.01, 10), default=1, show_default=True, help="Times the large data set.")
@click.option("--markdown", is_flag=True, help="Print the tables as Markdown.")
@click.pass_context
def main(
    context: click.Context,
    rounds: int,
    seconds: float,
    runners: str | None,
    operations: str | None,
    size: float,
    *,
    markdown: bool,
) -> None:
    leave_when_told()
    if context.invoked_subcommand is not None:
        return
    names = chosen(runners, NAMES)
    asked = chosen(operations, [operation.name for operation in OPERATIONS])
    with told():
        measure(
            rounds,
            seconds,
            size,
            [runner for runner in RUNNERS if runner.name in names],
            [operation for operation in OPERATIONS if operation.name in asked],
            statements_alone=PGBENCH in names,
            markdown=markdown,
        )


@main.command(help="The same questions on a tenth of the data and on all of it: statements, pages read, medians.")
@click.option("--sizes", default="0.1,1", show_default=True, help="Times the large data set; 5 takes an hour to seed.")
@click.option("--rounds", type=click.IntRange(5, 10_000), default=100, show_default=True, help="Asked so many times.")
@click.option("--operations", help=f"Only these: {', '.join(each.name for each in GROWN)}.")
def growth(sizes: str, rounds: int, operations: str | None) -> None:
    from bench.growth import measure_growth

    names = chosen(operations, [each.name for each in GROWN])
    asked = [each for each in GROWN if each.name in names]
    with told():
        measure_growth([float(size) for size in sizes.split(",")], rounds, asked, console)


@main.command(help="The memory of one process of ours before and after each tenth of many mixed requests.")
@click.option("--requests", type=click.IntRange(min=1_000), default=200_000, show_default=True)
@click.option("--size", type=click.FloatRange(0.01, 10), default=1, show_default=True, help="Times the large data set.")
def memory(requests: int, size: float) -> None:
    from bench.memory import measure_memory

    with told():
        measure_memory(requests, size, console)


@main.command(help="One and two processes of ours: the same answers, and CPU a request side by side.")
@click.option("--requests", type=click.IntRange(min=100), default=1_000, show_default=True, help="In each window.")
@click.option("--windows", type=click.IntRange(1, 1_000), default=11, show_default=True, help="Of each, in turn.")
@click.option("--operations", help=f"Only these: {', '.join(each.name for each in SHARED)}.")
@click.option("--size", type=click.FloatRange(0.01, 10), default=1, show_default=True, help="Times the large data set.")
@click.option("--one-core", is_flag=True, help="Both on the core of the one, PostgreSQL and the load on the others.")
def two(requests: int, windows: int, operations: str | None, size: float, *, one_core: bool) -> None:
    from bench.two import measure_two

    names = chosen(operations, [each.name for each in SHARED])
    with told():
        asked = [each for each in SHARED if each.name in names]
        measure_two(asked, requests, windows, size, console, one_core=one_core)


@main.command(help="The time from a commit until the last of many subscriptions has heard of it.")
@click.option("--listeners", type=click.IntRange(1, 10_000), default=1_000, show_default=True)
@click.option("--events", type=click.IntRange(1, 1_000), default=20, show_default=True, help="Bookings, one by one.")
@click.option("--size", type=click.FloatRange(0.01, 10), default=1, show_default=True, help="Times the large data set.")
def listeners(listeners: int, events: int, size: float) -> None:
    from bench.listeners import measure_listeners

    with told():
        measure_listeners(listeners, events, size, console)


@main.command("sign-in", help="What a sign-in costs, step by step until the first token, and a new token.")
@click.option("--people", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Each signs in once.")
@click.option("--size", type=click.FloatRange(0.01, 10), default=1, show_default=True, help="Times the large data set.")
def sign_in(people: int, size: float) -> None:
    from bench.sign_in import measure_sign_in

    with told():
        measure_sign_in(people, size, console)


def measure(
    rounds: int,
    seconds: float,
    size: float,
    runners: list[Runner],
    operations: list[Operation],
    *,
    statements_alone: bool,
    markdown: bool,
) -> None:
    """Runs the whole bench and prints what it found. Raises ServerError or CalledProcessError."""
    if any(runner.command[0] == NODE for runner in runners):
        install(console)
    cores = Cores()
    name, generate = generator()
    how = circumstances(name, rounds, seconds, pinned=cores.measured is not None)
    with ExitStack() as stack:
        place = stack.enter_context(seeded(size, console))
        cores.leave_the_measured()
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinicgraph-bench-")))
        stack.enter_context(postgraphile_functions(place.dsn))
        asked = asyncio.run(what_is_asked(place.dsn, NOW))
        stack.enter_context(seats_for_pgbench(place.dsn, asked.bookings))
        status = stack.enter_context(console.status("Starting …"))
        bench = Bench(place, NOW, asked, operations, generate, status.update)
        with bench.running(runners, cores, logs):
            bench.compare_answers()
            bench.warm_up()
            if place.log is not None:
                status.update("Counting statements …")
                asyncio.run(bench.count_statements(place.log))
            if statements_alone:
                asyncio.run(bench.write_scripts(place.log))
            for _ in range(rounds):
                bench.round(seconds)
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
