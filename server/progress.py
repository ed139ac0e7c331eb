"""Progress bars for what takes a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bars(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Yields a function that is told (what, done, expected); each `what` gets a bar."""
    bars: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def report(what: str, done: int, expected: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=expected)
            progress.update(bars[what], completed=done, total=expected)

        yield report
