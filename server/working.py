"""A worker as a process of its own."""

import asyncio
import signal

from models.clock import utc_now
from server.database import connecting, open_pools
from server.mails import mail_chores
from server.parts import parts_for
from server.payments import Payments
from server.settings import Settings
from worker import Worker
from worker.chores import CHORES


async def work_until_told(dsn: str, settings: Settings) -> None:
    """Works until SIGINT or SIGTERM. Raises DatabaseError if the database cannot be reached at the start."""
    told = asyncio.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_, told.set)
    parts = parts_for(settings.operating.traces)
    payments = Payments(settings, parts=parts)
    chores = [*CHORES, *mail_chores(settings), *payments.chores()]
    worker = Worker(connecting(dsn), dsn, utc_now, parts.chores(chores))
    try:
        async with open_pools(dsn) as pools, payments.open(dsn, pools.writes, worker.wake), worker.working():
            await told.wait()
    finally:
        await parts.close()
