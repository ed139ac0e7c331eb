"""The memory of one process of ours under many requests: it must not grow."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.alone import alone
from bench.load import send
from bench.seeded import seeded

NESTED = ("list", "fortnight", "latest", "search", "doctor", "clinic", "admin")
PARTS = 10
CONNECTIONS = 32


def shares(count: int, of: int) -> list[int]:
    """`count` in `of` parts that differ by one at most."""
    return [count * (part + 1) // of - count * part // of for part in range(of)]


def measure_memory(tiny: int, nested: int, size: float, console: Console) -> None:
    """Prints the resident memory before, after each tenth of the requests, and in the end. Raises ServerError."""
    with ExitStack() as stack:
        place = stack.enter_context(seeded(size, console))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinicgraph-bench-")))
        ours = stack.enter_context(alone(place, logs, ("tiny", *NESTED)))
        status = stack.enter_context(console.status("Asking …"))
        seen = [("before", ours.server.resident_mib())]
        for name in ("tiny", *NESTED):
            send(ours.requests[name], CONNECTIONS, 2 * CONNECTIONS)
        seen.append(("each asked 64 times", ours.server.resident_mib()))
        for part, count in enumerate(shares(tiny, PARTS), 1):
            status.update(f"tiny, {part} of {PARTS}")
            send(ours.requests["tiny"], CONNECTIONS, count)
            seen.append((f"tiny, {part * tiny // PARTS:,}", ours.server.resident_mib()))
        for part, count in enumerate(shares(nested, PARTS), 1):
            status.update(f"nested, {part} of {PARTS}")
            for name, share in zip(NESTED, shares(count, len(NESTED)), strict=True):
                send(ours.requests[name], CONNECTIONS, share)
            seen.append((f"nested, {part * nested // PARTS:,}", ours.server.resident_mib()))
        ours.server.settle()
        seen.append(("at the end", ours.server.resident_mib()))
        seen.append(("the most ever", ours.server.peak_mib))
    Console(width=None if console.is_terminal else 80).print(_table(seen))


def _table(seen: Sequence[tuple[str, float]]) -> Table:
    table = Table("after", title="Resident memory of one process, everything on", title_justify="left")
    table.add_column("MiB", justify="right")
    for when, mib in seen:
        table.add_row(when, f"{mib:.1f}")
    return table
