"""The worker: gives events their positions as soon as they are there, and does its chores in between."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from loaders.connections import Connect, Connections, ConnectionsClosed
from worker.chores import CHORES, Chore, Desk
from worker.sequencing import sequence_events

log = logging.getLogger("clinicgraph.worker")

failures: Counter[str] = Counter()
"""How often what has failed in this process."""

SWEEP_SECONDS = 1.0
"""How long an event may wait whose process did not say that it is there: another process's, or one that crashed."""
LONGEST_BACK_OFF = 60.0
CONNECTIONS = 4
"""For chores. Events have one of their own: no chore keeps them waiting."""
LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionsClosed,
)

TRY_LOCK = "SELECT pg_try_advisory_lock($1)"


class Worker:
    """Of several workers on one database one does each chore; positions are given by all, one after the other.

    `connect` opens a connection to the database at `dsn`, `clock` says the time.
    """

    def __init__(
        self,
        connect: Connect,
        dsn: str,
        clock: Callable[[], datetime],
        chores: Sequence[Chore] = CHORES,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._connect = connect
        self._dsn = dsn
        self._clock = clock
        self._chores = chores
        self._sweep_seconds = sweep_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There are new events: called after a commit that left some."""
        self._woken.set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Works until the end of the block; what was committed by then has its positions."""
        sequencing, locks = Connections(self._connect, 1), Connections(self._connect, 1)
        connections = Connections(self._connect, CONNECTIONS)
        desk = Desk(connections, self._dsn, self._clock)
        tasks = [asyncio.create_task(self._sequence(sequencing))]
        tasks += [asyncio.create_task(self._do_again_and_again(chore, desk, locks)) for chore in self._chores]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(*LOST, asyncpg.PostgresError):
                await sequence_events(sequencing)
            for each in (sequencing, connections, locks):
                await each.close()

    async def _sequence(self, connections: Connections) -> None:
        back_off = BackOff(self._sweep_seconds)
        while True:
            self._woken.clear()
            try:
                await sequence_events(connections)
            except Exception as error:  # noqa: BLE001 - logged; whatever it is, the loop goes on
                await back_off.after("events could not be given their positions", error)
                continue
            back_off.reset()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._sweep_seconds)

    async def _do_again_and_again(self, chore: Chore, desk: Desk, locks: Connections) -> None:
        """The lock belongs to the session of `locks`: who has it keeps it until that session ends."""
        back_off = BackOff(chore.every)
        while True:
            try:
                (mine,) = await locks.fetch(TRY_LOCK, (chore.lock,), asyncpg.Record)
                if mine[0] and await chore.do(desk):
                    self.wake()
            except Exception as error:  # noqa: BLE001 - logged; whatever it is, the loop goes on
                await back_off.after(f"{chore.name} failed", error)
                continue
            back_off.reset()
            await asyncio.sleep(chore.every)


class BackOff:
    """Waits after failures: the usual time, then twice as long each time, to a minute or the usual time."""

    def __init__(self, usual: float) -> None:
        self._usual = usual
        self._failures = 0

    def reset(self) -> None:
        self._failures = 0

    async def after(self, what: str, error: Exception) -> None:
        """Logs the error, in one line if it is only that the database is away, and waits."""
        failures[what.removesuffix(" failed")] += 1
        if isinstance(error, LOST):
            log.warning("%s (%s)", what, type(error).__name__)
        else:
            log.error("%s", what, exc_info=error)
        wait = self._usual * 2**self._failures
        self._failures = min(self._failures + 1, 16)
        await asyncio.sleep(min(wait, max(self._usual, LONGEST_BACK_OFF)))
