"""The sandbox over a database that is emptied before, with a clock and a receiver of webhooks of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from gateways.payments import GatewayEvent, Order, SessionReference
from gateways.payments.sandbox import SandboxGateway
from gateways.payments.sandbox.checkout import SandboxCheckout
from gateways.payments.sandbox.deliveries import Deliveries
from models.sandbox import SandboxEvent, SandboxPayment
from server.oauth.edge import opened
from tests.gateways.orders import NOW, ORDER, SECRET, key

URL = "http://127.0.0.1:8000"


@dataclass
class SandboxWorld:
    """One process's sandbox. `got` is what was delivered and read, `takes` whether deliveries are taken."""

    sessions: async_sessionmaker[AsyncSession]
    now: datetime = NOW
    takes: bool = True
    got: list[GatewayEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.has_got = asyncio.Event()
        self.deliveries = Deliveries(self.sessions, self.deliver, f"{URL}/webhooks", SECRET, self.clock)
        self.gateway = SandboxGateway(self.sessions, SECRET, URL, self.clock, self.deliveries.wake)
        self.checkout = SandboxCheckout(self.sessions, self.clock, self.deliveries.wake)

    @classmethod
    @asynccontextmanager
    async def opened(cls, dsn: str) -> AsyncIterator["SandboxWorld"]:
        async with opened(dsn) as sessions:
            async with sessions.begin() as db:
                await db.execute(delete(SandboxEvent))
                await db.execute(delete(SandboxPayment))
            yield cls(sessions)

    def clock(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> bool:
        assert url == f"{URL}/webhooks"
        self.got.append(self.gateway.read_webhook(body, headers, self.now))
        self.has_got.set()
        return self.takes

    async def session(self, order: Order = ORDER, create: str = "create") -> SessionReference:
        return (await self.gateway.create_session(order, key(create))).reference

    async def paid(self, order: Order = ORDER) -> SessionReference:
        reference = await self.session(order)
        await self.checkout.pay(reference)
        return reference

    async def told(self) -> list[tuple[str, int]]:
        """Sends what is due; the kinds and amounts of all that was delivered until now."""
        await self.deliveries.expire()
        while await self.deliveries.send_due():
            pass
        return [(event.kind.value, event.amount_minor) for event in self.got]
