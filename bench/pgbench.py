"""The statements alone: pgbench, prepared, as many clients as a server's pool has connections."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.load import Timing
from bench.operations import Operation, Values
from bench.servers import POOL
from server.embedded.binaries import packaged_binaries


def pgbench(operation: Operation, connections: int, seconds: float, values: Values, libpq: Mapping[str, str]) -> Timing:
    """Runs the operation's minimal SQL for so long; raises CalledProcessError if that fails."""
    given = [part for name in operation.statement.names for part in ("-D", f"{name}={values[name]}")]
    clients = min(connections, POOL)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(packaged_binaries() / "pgbench", "-n", "-M", "prepared", "-j", "1", "-c", str(clients)),
            *("-T", str(max(1, round(seconds))), "-l", "--log-prefix", "times", "-f", operation.statement.path, *given),
        ]
        subprocess.run(
            [str(part) for part in command], cwd=folder, check=True, capture_output=True, text=True,
            env={**libpq, "PGOPTIONS": "-c random_page_cost=1.1 -c jit=off"}, timeout=seconds + 60,
        )  # fmt: skip
        lines = [line.split() for file in Path(folder).glob("times.*") for line in file.read_text().splitlines()]
    times = sorted(int(line[2]) / 1e3 for line in lines)
    return Timing(len(times), max(1, round(seconds)), times[len(times) // 2], times[int(len(times) * 0.99)])
