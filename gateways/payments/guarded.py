"""A gateway with a deadline for each call and a circuit breaker around all of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from datetime import datetime
from typing import Any, TypeVar

from gateways.payments import (
    GatewayEvent,
    GatewayUnavailable,
    Known,
    Order,
    PaymentGateway,
    PaymentReference,
    RefundReason,
    Session,
    SessionLife,
    SessionReference,
    WriteKey,
)
from gateways.payments.breaker import Breaker, BreakerOpen, Monotonic

DEADLINE = 20.0  # seconds, the gateway's own retries included
THRESHOLD, REST = 5, 30.0
Answer = TypeVar("Answer")


class GuardedGateway:
    """Any gateway; nothing that it is asked takes longer than `deadline` seconds.

    While the breaker is open, calls raise GatewayUnavailable at once and no connection is made. A decline or a refusal
    is an answer of a gateway that works.
    """

    def __init__(
        self,
        gateway: PaymentGateway,
        *,
        deadline: float = DEADLINE,
        threshold: int = THRESHOLD,
        rest: float = REST,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._deadline = deadline
        self.breaker = Breaker(threshold, rest, clock)

    @property
    def provider(self) -> str:
        return self._gateway.provider

    @property
    def session_life(self) -> SessionLife:
        return self._gateway.session_life

    async def create_session(self, order: Order, key: WriteKey) -> Session:
        return await self._guarded(self._gateway.create_session(order, key))

    async def capture(self, reference: SessionReference, amount_minor: int, key: WriteKey) -> None:
        await self._guarded(self._gateway.capture(reference, amount_minor, key))

    async def void(self, reference: SessionReference, key: WriteKey) -> None:
        await self._guarded(self._gateway.void(reference, key))

    async def refund(self, reference: SessionReference, amount_minor: int, key: WriteKey, reason: RefundReason) -> None:
        await self._guarded(self._gateway.refund(reference, amount_minor, key, reason))

    async def expire_session(self, reference: SessionReference, key: WriteKey) -> None:
        await self._guarded(self._gateway.expire_session(reference, key))

    async def fetch(self, reference: SessionReference) -> Known:
        return await self._guarded(self._gateway.fetch(reference))

    async def events_since(self, since: datetime) -> AsyncIterator[GatewayEvent]:
        events = aiter(self._gateway.events_since(since))
        while (event := await self._guarded(_next(events))) is not None:
            yield event

    async def payment_of(self, event: GatewayEvent) -> PaymentReference | None:
        return await self._guarded(self._gateway.payment_of(event))

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        return self._gateway.read_webhook(body, headers, now)

    async def _guarded(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        try:
            with self.breaker.call(GatewayUnavailable):
                return await self._in_time(asked)
        except BreakerOpen:
            asked.close()
            raise GatewayUnavailable(f"{self.provider} has failed too often and is not asked now") from None

    async def _in_time(self, asked: Coroutine[Any, Any, Answer]) -> Answer:
        try:
            async with asyncio.timeout(self._deadline):
                return await asked
        except TimeoutError:
            raise GatewayUnavailable(f"{self.provider} did not answer within {self._deadline:g} seconds") from None


async def _next(events: AsyncIterator[GatewayEvent]) -> GatewayEvent | None:
    return await anext(events, None)
