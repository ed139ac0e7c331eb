"""The table."""

import os
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.operations import Operation
from bench.results import Results
from bench.runners import OURS

NOTHING = "-"
TIMES = ("req/s", "p50 ms", "p99 ms")
COLUMNS = ("by ours", "CPU ms\n/request", "core\nbusy", "SQL\n/request", "peak\nMiB")


def columns(operation: Operation) -> list[str]:
    return [*(f"{time}\n{connections} conn." for connections in operation.connections for time in TIMES), *COLUMNS]


def print_results(console: Console, results: Results, operations: Sequence[Operation], titles: dict[str, str]) -> None:
    """One table per operation, a line per runner; `by ours` is its requests per second by ours, at many connections."""
    for operation in operations:
        table = Table(title=heading(operation, results), title_justify="left", title_style="bold")
        table.add_column("runner", no_wrap=True)
        for column in columns(operation):
            table.add_column(column, justify="right")
        for name, title in titles.items():
            if found := cells(results, name, operation):
                table.add_row(title, *found)
        console.print(table)


def print_markdown(results: Results, operations: Sequence[Operation], titles: dict[str, str]) -> None:
    """The same for a README."""
    for operation in operations:
        print(f"**{heading(operation, results)}**\n")
        print(f"| runner | {' | '.join(column.replace(chr(10), ' ') for column in columns(operation))} |")
        print(f"|---|{'---:|' * len(columns(operation))}")
        for name, title in titles.items():
            if found := cells(results, name, operation):
                print(f"| {title} | {' | '.join(found)} |")
        print()


def heading(operation: Operation, results: Results) -> str:
    return f"{operation.name}: {operation.what} ({results.values.get(operation.name, 0):,} values)"


def cells(results: Results, runner: str, operation: Operation) -> list[str]:
    """A runner's line; empty if it was not asked."""
    few, many = (results.median(runner, operation.name, connections) for connections in operation.connections)
    ours = results.median(OURS, operation.name, operation.connections[1])
    if few is None or many is None:
        return []
    timings = [figure for each in (few.timing, many.timing) for figure in (each.rate, each.p50, each.p99)]
    statements = results.statements.get((runner, operation.name))
    return [
        *map(figures, timings),
        NOTHING if ours is None else f"{many.timing.rate / ours.timing.rate:.2f}",
        NOTHING if many.cpu_ms is None else figures(many.cpu_ms),
        NOTHING if many.busy is None else f"{many.busy:.0%}",
        NOTHING if statements is None else f"{statements:g}",
        f"{results.peak_mib[runner]:.0f}" if runner in results.peak_mib else NOTHING,
    ]


def percentile(times: Sequence[float], share: float) -> float:
    """Of sorted times, the one below which this share of them is."""
    return times[min(int(len(times) * share), len(times) - 1)]


def figures(value: float) -> str:
    """Three figures, without thousands of decimals for the small or decimals for the large."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def circumstances(generator: str, rounds: int, seconds: float, *, pinned: bool) -> str:
    """How the numbers came about, in one line."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    where = "the server on a core of its own, PostgreSQL and the load on the others" if pinned else "nothing pinned"
    return (
        f"Medians of {rounds} interleaved rounds of {seconds:g} s or longer; load by {generator}; {where}. "
        f"Load average at the start: {load} on {os.cpu_count()} cores."
    )
