"""The statements alone: pgbench, prepared, as many clients as a server's pool has connections."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.captured import Script
from bench.load import Timing
from bench.operations import Statement, Value, Values
from bench.servers import POOL
from server.embedded.binaries import packaged_binaries

DEEDS_A_SECOND = 1_000


def reading(statement: Statement, values: Sequence[Values]) -> Script:
    """The script of an operation's minimal SQL, which asks for one object after another at random."""
    given = {name: [each[name] for each in values] for name in statement.names}
    same = {name: str(each[0]) for name, each in given.items() if len(set(each)) == 1}
    lines = [f"\\set {name} {nth_of(each)}\n" for name, each in given.items() if name not in same]
    head = [f"\\set nth random(0, {len(values) - 1})\n", *lines] if lines else []
    return Script("".join(head) + statement.path.read_text(), same)


def nth_of(values: Sequence[Value], first: int = 0) -> str:
    """The expression of pgbench for that of these numbers whose place is :nth; the first has the place `first`."""
    if len(values) == 1:
        return str(values[0])
    half = len(values) // 2
    less, more = nth_of(values[:half], first), nth_of(values[half:], first + half)
    return f"CASE WHEN :nth < {first + half} THEN {less} ELSE {more} END"


def pgbench(
    script: Script, connections: int, seconds: float, libpq: Mapping[str, str], most: int | None = None
) -> Timing:
    """Runs a script for so long, or, where it can be run so many times at `most`, about as often as fits into it.

    Raises CalledProcessError if that fails.
    """
    given = [part for name, value in script.constants.items() for part in ("-D", f"{name}={value}")]
    clients = min(connections, POOL)
    whole = max(1, round(seconds))
    until = ("-T", whole) if most is None else ("-t", min(most, whole * DEEDS_A_SECOND) // clients)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "script.sql")
        path.write_text(script.text)
        command = [
            *(packaged_binaries() / "pgbench", "-n", "-M", "prepared", "-j", "1", "-c", clients, *until),
            *("-l", "--log-prefix", "times", "-f", path, *given),
        ]
        said = subprocess.run(
            [str(part) for part in command], cwd=folder, check=True, capture_output=True, text=True,
            env={**libpq, "PGOPTIONS": "-c random_page_cost=1.1 -c jit=off"}, timeout=seconds + 120,
        ).stdout  # fmt: skip
        lines = [line.split() for file in Path(folder).glob("times.*") for line in file.read_text().splitlines()]
    times = sorted(int(line[2]) / 1e3 for line in lines)
    rate = float(said.partition("tps = ")[2].split()[0])
    return Timing(len(times), len(times) / rate, times[len(times) // 2], times[int(len(times) * 0.99)])
