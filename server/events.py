"""One connection of the process listens, and reads the outbox on from where it was."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loaders.connections import Connect
from loaders.events import ENDS, PAGE, SINCE, Event, Events
from models.failures import FAILURES
from models.records import EVENTS_CHANNEL

log = logging.getLogger("clinicgraph.events")

HEARTBEAT = 5.0  # seconds; a read that finds nothing is one
RETRY = 0.5


@asynccontextmanager
async def reading_on(connect: Connect, events: Events) -> AsyncIterator[None]:
    """Hands every event on, until the end of the block. A lost connection is replaced, and none is missed by it.

    When the block begins it has tried to listen: `events.hears` says with what success.
    """
    tried = asyncio.Event()
    task = asyncio.create_task(_again_and_again(connect, events, tried))
    await tried.wait()
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _again_and_again(connect: Connect, events: Events, tried: asyncio.Event) -> None:
    while True:
        try:
            await _read_on(connect, events, tried)
        except FAILURES as error:
            log.warning("the listener for events is down (%s)", type(error).__name__)
        tried.set()
        await asyncio.sleep(RETRY)


async def _read_on(connect: Connect, events: Events, tried: asyncio.Event) -> None:
    """Listens on one connection until that is lost."""
    connection = await connect()
    told = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: told.set())
        await connection.add_listener(EVENTS_CHANNEL, lambda *_: told.set())
        if events.position is None:
            (ends,) = await connection.fetch(ENDS)
            events.begin(ends["last"])
        events.hears = True
        tried.set()
        while True:
            told.clear()
            while rows := await connection.fetch(SINCE, events.position, PAGE):
                events.deliver([Event.of(row) for row in rows])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), HEARTBEAT)
    finally:
        events.hears = False
        connection.terminate()
