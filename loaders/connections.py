"""Connections for reads. asyncpg's own pool spends twice as long on a hand-over as a tiny statement takes itself."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from asyncpg import Connection, Record

Connect: TypeAlias = "Callable[[], Awaitable[Connection[Any]]]"
RecordT = TypeVar("RecordT", bound=Record)


class ConnectionsClosed(Exception):
    """The server is stopping."""


class Connections:
    """At most `size` connections, each for one statement at a time; the one used last is used first.

    Statements outside transactions leave nothing to reset. A connection that was lost is forgotten, and another is
    opened when one is needed: that is all it takes to outlive a restart of the database.
    """

    def __init__(self, connect: Connect, size: int) -> None:
        self._connect = connect
        self._size = size
        self._open = 0
        self._idle: list[Connection[Any]] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def fetch(self, text: str, arguments: Sequence[object], row_type: type[RecordT]) -> list[RecordT]:
        """The rows of one statement. Raises what asyncpg raises, and ConnectionsClosed."""
        connection = await self._take()
        try:
            rows: list[RecordT] = await connection.fetch(text, *arguments, record_class=row_type)
            return rows
        finally:
            self._give(connection)

    async def close(self) -> None:
        """Closes what is idle now, and what is in use as soon as it is given back."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            self._open -= 1
            await connection.close()
        self._wake()

    async def _take(self) -> "Connection[Any]":
        while True:
            if self._closed:
                raise ConnectionsClosed("the server is stopping")
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self._open -= 1
            if self._open < self._size:
                self._open += 1
                try:
                    return await self._connect()
                except BaseException:
                    self._open -= 1
                    self._wake()
                    raise
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()  # it was this one's turn, and it is no longer there to take it
                raise

    def _give(self, connection: "Connection[Any]") -> None:
        if self._closed or connection.is_closed():
            self._open -= 1
            connection.terminate()
        else:
            self._idle.append(connection)
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                if not self._closed:
                    return
