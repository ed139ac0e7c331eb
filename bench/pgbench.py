"""The statements alone: pgbench, prepared, as many clients as a server's pool has connections."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.captured import Script
from bench.load import Timing
from bench.operations import Statement, Values
from bench.servers import POOL
from server.embedded.binaries import packaged_binaries


def reading(statement: Statement, values: Values) -> Script:
    """The script of an operation's minimal SQL."""
    return Script(statement.path.read_text(), {name: str(values[name]) for name in statement.names})


def pgbench(script: Script, connections: int, seconds: float, libpq: Mapping[str, str]) -> Timing:
    """Runs a script for so long; raises CalledProcessError if that fails."""
    given = [part for name, value in script.constants.items() for part in ("-D", f"{name}={value}")]
    clients = min(connections, POOL)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "script.sql")
        path.write_text(script.text)
        command = [
            *(packaged_binaries() / "pgbench", "-n", "-M", "prepared", "-j", "1", "-c", str(clients)),
            *("-T", str(max(1, round(seconds))), "-l", "--log-prefix", "times", "-f", path, *given),
        ]
        subprocess.run(
            [str(part) for part in command], cwd=folder, check=True, capture_output=True, text=True,
            env={**libpq, "PGOPTIONS": "-c random_page_cost=1.1 -c jit=off"}, timeout=seconds + 60,
        )  # fmt: skip
        lines = [line.split() for file in Path(folder).glob("times.*") for line in file.read_text().splitlines()]
    times = sorted(int(line[2]) / 1e3 for line in lines)
    return Timing(len(times), max(1, round(seconds)), times[len(times) // 2], times[int(len(times) * 0.99)])
