"""A gateway that does what a test tells it to, and a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from gateways.payments import (
    GatewayEvent,
    Known,
    Order,
    PaymentReference,
    RefundReason,
    Session,
    SessionLife,
    SessionReference,
    WriteKey,
)


class StillClock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def nothing() -> None:
    """An answer at once."""


class FakeGateway:
    """Every call does `work`; `calls` are their names."""

    provider = "fake"
    session_life = SessionLife(timedelta(minutes=1), timedelta(hours=1))

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.work: Callable[[], Awaitable[None]] = nothing
        self.event: GatewayEvent | None = None

    async def create_session(self, order: Order, key: WriteKey) -> Session:
        await self._called("create_session")
        return Session(SessionReference("session"), "token", order.return_url)

    async def capture(self, reference: SessionReference, amount_minor: int, key: WriteKey) -> None:
        await self._called("capture")

    async def void(self, reference: SessionReference, key: WriteKey) -> None:
        await self._called("void")

    async def refund(self, reference: SessionReference, amount_minor: int, key: WriteKey, reason: RefundReason) -> None:
        await self._called("refund")

    async def expire_session(self, reference: SessionReference, key: WriteKey) -> None:
        await self._called("expire_session")

    async def fetch(self, reference: SessionReference) -> Known:
        await self._called("fetch")
        raise NotImplementedError

    async def events_since(self, since: datetime) -> AsyncIterator[GatewayEvent]:
        await self._called("events_since")
        if self.event is not None:
            yield self.event

    async def payment_of(self, event: GatewayEvent) -> PaymentReference | None:
        await self._called("payment_of")
        return event.payment

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        self.calls.append("read_webhook")
        assert self.event is not None
        return self.event

    async def _called(self, name: str) -> None:
        self.calls.append(name)
        await self.work()
        await asyncio.sleep(0)
