"""When an operation ends though it is not done: it took too long, or nobody waits for its answer any more.

Most operations are over before anybody looks: they pay for one timer that is never due.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from starlette.types import Receive

UNNOTICED = 0.2
"""Seconds that an operation may take before it is watched."""


class DeadlinePassed(Exception):
    """The operation took too long."""


class HungUp(Exception):
    """Nobody waits for the answer any more."""


class Deadline:
    """Ends the block in its task after `seconds`, or when the client of `receive` hangs up.

    Raises DeadlinePassed or HungUp in place of the cancellation. What the block finished in spite of it is finished:
    then nothing is raised. `slow` is called when the block takes longer than most.
    """

    def __init__(self, seconds: float, receive: Receive | None = None, slow: Callable[[], None] | None = None) -> None:
        self._seconds = seconds
        self._receive = receive
        self._slow = slow
        self._ended: Exception | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(self._loop)
        assert task is not None, "operations run in tasks"
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = self._loop.call_later(min(self._seconds, UNNOTICED), self._notice)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self._ended is not None and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise self._ended from None

    def _notice(self) -> None:
        if self._slow is not None:
            self._slow()
        self._watching = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async with asyncio.timeout(self._seconds - min(self._seconds, UNNOTICED)):
                await hung_up(self._receive)
            self._ended = HungUp()
        except TimeoutError:
            self._ended = DeadlinePassed()
        self._task.cancel()


class Turn:
    """A turn among those that run at once; `give_back` may come before the end, and counts once."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._taken = False

    async def __aenter__(self) -> Self:
        await self._turns.acquire()
        self._taken = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.give_back()

    def give_back(self) -> None:
        if self._taken:
            self._taken = False
            self._turns.release()


async def hung_up(receive: Receive | None) -> None:
    """Until the client does."""
    if receive is None:
        await asyncio.get_running_loop().create_future()
    else:
        while (await receive())["type"] != "http.disconnect":
            pass
