"""Every few seconds the metrics take over what other layers count for themselves, and look at pools and outbox."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from prometheus_client import Counter

from auth.viewers import Viewers
from engine.executor import fallbacks
from loaders.connections import ConnectionsClosed
from loaders.reads import Pools
from models.failures import FAILURES
from server import metrics
from server.bearer import Bearer
from server.documents import Documents
from server.endpoint import Endpoint
from server.rate_limits import SharedBuckets
from worker.worker import failures

log = logging.getLogger("clinicgraph.metrics")

EVERY = 5.0
PATIENCE = 2.0
BACKLOG = """
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
    FROM outbox_events WHERE position IS NULL
"""

Counts: TypeAlias = Callable[[], dict[tuple[str, ...], int]]


class Sampler:
    """Fills the metrics of one process. `counts` are tallies of other layers, by the counter and its labels."""

    def __init__(self, pools: Pools, counts: dict[Counter, Counts]) -> None:
        self._pools = pools
        self._counts = {**counts, metrics.FALLBACKS: _by_name(fallbacks), metrics.WORKER_FAILURES: _by_name(failures)}
        self._taken: dict[tuple[Counter, tuple[str, ...]], int] = {
            (counter, labels): count for counter, read in self._counts.items() for labels, count in read().items()
        }
        for counter, labels in self._taken:
            _at(counter, labels)  # so that it is there from the beginning, as 0

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[None]:
        """Samples until the end of the block."""
        task = asyncio.create_task(self._again_and_again())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def sample(self) -> None:
        """Takes over what there is now. What the database does not say in time stays as it was."""
        for counter, read in self._counts.items():
            for labels, count in read().items():
                _at(counter, labels).inc(count - self._taken.get((counter, labels), 0))
                self._taken[counter, labels] = count
        for name, pool in self._pools.by_name.items():
            use = pool.use
            metrics.CONNECTIONS.labels(name, "in_use").set(use.open - use.idle)
            metrics.CONNECTIONS.labels(name, "idle").set(use.idle)
            metrics.CONNECTIONS.labels(name, "most").set(use.size)
            metrics.WAITING.labels(name).set(use.waiting)
        try:
            async with asyncio.timeout(PATIENCE):
                (row,) = await self._pools.lookups.fetch(BACKLOG, (), asyncpg.Record)
        except (*FAILURES, ConnectionsClosed) as error:
            log.warning("the outbox could not be looked at (%s)", type(error).__name__)
            return
        metrics.OUTBOX_WAITING.set(row["count"])
        metrics.OUTBOX_AGE.set(max(row["age"], 0))

    async def _again_and_again(self) -> None:
        while True:
            await self.sample()
            await asyncio.sleep(EVERY)


def tallies_of(endpoint: Endpoint) -> dict[Counter, Counts]:
    """What an endpoint's caches and buckets count."""

    def caches() -> dict[tuple[str, ...], int]:
        kept: dict[str, Documents | Viewers] = {"documents": endpoint.documents}
        if isinstance(endpoint.viewer_of, Bearer):
            kept["viewers"] = endpoint.viewer_of.viewers
        return {
            (name, outcome): count
            for name, cache in kept.items()
            for outcome, count in (("hit", cache.hits), ("miss", cache.misses))
        }

    def unshared() -> dict[tuple[str, ...], int]:
        buckets = endpoint.admission.buckets
        return {(): buckets.misses if isinstance(buckets, SharedBuckets) else 0}

    return {metrics.CACHE: caches, metrics.UNSHARED: unshared}


def _by_name(counted: dict[str, int]) -> Counts:
    return lambda: {(name,): count for name, count in counted.items()}


def _at(counter: Counter, labels: tuple[str, ...]) -> Counter:
    return counter.labels(*labels) if labels else counter
