"""Connections. asyncpg's own pool spends twice as long on a hand-over as a tiny statement takes itself."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, TypeAlias, TypeVar

from asyncpg import Connection, InterfaceError, InternalClientError, PostgresError, QueryCanceledError, Record

Connect: TypeAlias = "Callable[[], Awaitable[Connection[Any]]]"
RecordT = TypeVar("RecordT", bound=Record)


class ConnectionsClosed(Exception):
    """The server is stopping."""


class PoolUse(NamedTuple):
    """How many connections there may be, are, and are idle, and how many wait for one."""

    size: int
    open: int
    idle: int
    waiting: int


class Connections:
    """At most `size` connections, each for one statement or transaction at a time; the one used last is used first.

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
        self._settling: set[asyncio.Future[None]] = set()

    @property
    def use(self) -> PoolUse:
        return PoolUse(self._size, self._open, len(self._idle), len(self._waiting))

    async def fetch(self, text: str, arguments: Sequence[object], row_type: type[RecordT]) -> list[RecordT]:
        """The rows of one statement. Raises what asyncpg raises, and ConnectionsClosed."""
        connection = await self._take()
        try:
            rows: list[RecordT] = await connection.fetch(text, *arguments, record_class=row_type)
        except asyncio.CancelledError:
            settling = asyncio.ensure_future(self._settle(connection))
            self._settling.add(settling)
            settling.add_done_callback(self._settling.discard)
            raise
        except BaseException as error:
            _end_if_confused(connection, error)
            self._give(connection)
            raise
        self._give(connection)
        return rows

    async def _settle(self, connection: "Connection[Any]") -> None:
        """Closes a connection once its cancelled statement has ended.

        It is not used again: a cancellation may come late, and would then end somebody else's statement.
        """
        try:
            with suppress(QueryCanceledError):
                await connection.execute("SELECT 1")  # waits until the cancellation was sent and answered
            await connection.close()
        except (PostgresError, InterfaceError, OSError):
            connection.terminate()
        finally:
            self._give(connection)

    @asynccontextmanager
    async def connection(self) -> "AsyncIterator[Connection[Any]]":
        """A connection in no transaction, for whoever opens and ends their own. Raises what `fetch` raises."""
        connection = await self._take()
        try:
            yield connection
        except BaseException as error:
            _end_if_confused(connection, error)
            raise
        finally:
            if _is_left_in_transaction(connection):
                connection.terminate()
            self._give(connection)

    @asynccontextmanager
    async def transaction(self, lock: int | None = None) -> "AsyncIterator[Connection[Any]]":
        """A connection in a transaction, which an exception rolls back. Raises what `fetch` raises.

        It begins when nobody else has the advisory `lock`. A cancellation waits for a commit that has begun.
        """
        connection = await self._take()
        try:
            try:
                await connection.execute("BEGIN" if lock is None else f"BEGIN; SELECT pg_advisory_xact_lock({lock})")
                yield connection
            except BaseException as error:
                _end_if_confused(connection, error)
                if not connection.is_closed():
                    await _to_its_end(connection.execute("ROLLBACK"))
                raise
            await _to_its_end(connection.execute("COMMIT"))
        except BaseException as error:
            _end_if_confused(connection, error)
            if _is_left_in_transaction(connection):
                connection.terminate()  # neither committed nor rolled back: PostgreSQL ends it with the connection
            raise
        finally:
            self._give(connection)

    async def close(self) -> None:
        """Closes what is idle now, and what is in use as soon as it is given back."""
        self._closed = True
        await asyncio.gather(*self._settling, return_exceptions=True)
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


def _end_if_confused(connection: "Connection[Any]", error: BaseException) -> None:
    """PostgreSQL has said goodbye on an idle connection, and asyncpg, which waits for the end, takes no statement."""
    if isinstance(error, InternalClientError):
        connection.terminate()


def _is_left_in_transaction(connection: "Connection[Any]") -> bool:
    """asyncpg cannot say so of a connection that was terminated."""
    return not connection.is_closed() and connection.is_in_transaction()


async def _to_its_end(statement: Coroutine[Any, Any, object]) -> None:
    """Waits for a statement, also if cancelled meanwhile: a connection must not be given back in the middle of it."""
    running = asyncio.ensure_future(statement)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # so that it counts as seen
        raise
