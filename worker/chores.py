"""What is done every now and then, by one worker of all that run on a database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.providers.announce_expiring import announce_expiring
from domain.scheduling.sweep import RUN_OUT, sweep
from loaders.connections import Connections
from worker.forgetting import forget_events, forget_keys, forget_sign_ins
from worker.system import system_session

HOUR = 3_600.0


@dataclass(frozen=True)
class Desk:
    """What chores work with."""

    connections: Connections
    dsn: str
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Chore:
    """`do` returns how much there was to do; it is done `every` so many seconds by who has the advisory `lock`."""

    name: str
    every: float
    lock: int
    do: Callable[[Desk], Awaitable[int]]


async def sweep_slots(desk: Desk) -> int:
    """Each slot in a transaction of its own, so that nobody waits for more than one."""
    swept = 0
    for row in await desk.connections.fetch(RUN_OUT, (desk.clock(),), asyncpg.Record):
        async with system_session(desk.connections, desk.clock(), "sweep") as session:
            swept += await sweep(session, row["slot_id"])
    return swept


async def forget_old_events(desk: Desk) -> int:
    return await forget_events(desk.connections, desk.clock())


async def forget_old_keys(desk: Desk) -> int:
    return await forget_keys(desk.connections, desk.clock())


async def forget_old_sign_ins(desk: Desk) -> int:
    return await forget_sign_ins(desk.dsn, desk.clock())


async def announce_expiring_credentials(desk: Desk) -> int:
    async with system_session(desk.connections, desk.clock(), "announceExpiring") as session:
        return await announce_expiring(session)


_LOCKS = 7_016_996_765_293_437_300  # any numbers, the same in every process

CHORES = (
    Chore("sweeping what has run out", 1.0, _LOCKS, sweep_slots),
    Chore("telling of credentials that expire", HOUR, _LOCKS + 4, announce_expiring_credentials),
    Chore("forgetting old events", HOUR, _LOCKS + 1, forget_old_events),
    Chore("forgetting old idempotency keys", HOUR, _LOCKS + 2, forget_old_keys),
    Chore("forgetting old sign-ins", HOUR, _LOCKS + 3, forget_old_sign_ins),
)
