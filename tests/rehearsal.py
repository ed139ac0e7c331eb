"""Writes that are tried and taken back: a whole application on one connection, in a transaction that is rolled back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any, cast

import asyncpg

from gateways.payments import PaymentGateway, SessionLife
from gateways.payments import Session as Checkout
from loaders.connections import Connections
from loaders.reads import Pools
from tests.client import INSTALLATION, Client


class ObligingGateway:
    """Does whatever it is asked, and keeps nothing."""

    provider = "obliging"
    session_life = SessionLife(timedelta(minutes=1), timedelta(days=1))

    def __init__(self) -> None:
        self._numbers = count(1)

    async def create_session(self, *_: object) -> Checkout:
        return Checkout(f"session-{next(self._numbers)}", "token", "https://gateway.test/pay")  # type: ignore[arg-type]

    async def capture(self, *_: object) -> None: ...

    async def void(self, *_: object) -> None: ...

    async def refund(self, *_: object) -> None: ...


class OneConnection(Connections):
    """All statements go over one connection, one after the other; transactions become savepoints of what is open."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        async def connect() -> "asyncpg.Connection[Any]":
            return connection

        super().__init__(connect, 1)
        self._only = connection

    @asynccontextmanager
    async def transaction(self, lock: int | None = None) -> "AsyncIterator[asyncpg.Connection[Any]]":
        async with self._only.transaction():
            yield self._only


class Rehearsal:
    """`client` asks; `sql` sees what it wrote, and what either wrote inside `attempt` is gone afterwards."""

    def __init__(self, client: Client, sql: "asyncpg.Connection[Any]") -> None:
        self.client = client
        self.sql = sql

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is deferred to the commit is checked before it is taken back."""
        undo = self.sql.transaction()
        await undo.start()
        try:
            yield
            await self.sql.execute("SET CONSTRAINTS ALL IMMEDIATE")
        finally:
            await undo.rollback()


@asynccontextmanager
async def rehearsing(client: Client, dsn: str) -> AsyncIterator[Rehearsal]:
    """Puts a running application, where people sign in too, on one connection of its own."""
    sql = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        only = OneConnection(sql)
        client.app.endpoint.pools = Pools(only, only, only)
        client.app.endpoint.installation = INSTALLATION
        client.app.endpoint.gateway = cast("PaymentGateway", ObligingGateway())
        yield Rehearsal(client, sql)
    finally:
        await sql.close()
