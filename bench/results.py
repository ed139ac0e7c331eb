"""What was measured, and its medians."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from bench.load import Timing

Place = tuple[str, str]
"""A runner and an operation, by name."""


@dataclass(frozen=True)
class Sample:
    """One window: timing, CPU milliseconds per request, and how much of its core the server used (0 to 1)."""

    timing: Timing
    cpu_ms: float | None
    busy: float | None


@dataclass
class Results:
    """Samples of every runner, operation and number of connections, and what is counted once."""

    samples: dict[tuple[str, str, int], list[Sample]] = field(default_factory=lambda: defaultdict(list))
    statements: dict[Place, float] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)

    def median(self, runner: str, operation: str, connections: int) -> Sample | None:
        """The median of each number over the rounds; None if there was no round."""
        samples = self.samples.get((runner, operation, connections))
        if not samples:
            return None
        rate = median(sample.timing.rate for sample in samples)
        p50 = median(sample.timing.p50 for sample in samples)
        p99 = median(sample.timing.p99 for sample in samples)
        cpu = [sample.cpu_ms for sample in samples if sample.cpu_ms is not None]
        busy = [sample.busy for sample in samples if sample.busy is not None]
        requests = sum(sample.timing.requests for sample in samples)
        timing = Timing(requests, requests / rate, p50, p99)
        return Sample(timing, median(cpu) if cpu else None, median(busy) if busy else None)
