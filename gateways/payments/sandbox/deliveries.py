"""Sends the sandbox's webhooks: signed, again until they are taken, by whichever process is free."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from gateways.payments.sandbox import SIGNATURE, Sessions, expired
from gateways.payments.sandbox.events import AFTER, body_of, record
from gateways.payments.signature import sign
from models.clock import Clock
from models.failures import FAILURES
from models.sandbox import SandboxEvent, SandboxPayment, SandboxStatus

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)  # after which a webhook whose sender has died is sent by another
AT_ONCE, MOST_ATTEMPTS = 20, 15
# SQLAlchemy leaves what goes wrong while connecting as it is.
AWAY = (SQLAlchemyError, *FAILURES)
LONGEST_PAUSE, IDLE = 300, 1.0  # seconds
Deliver: TypeAlias = Callable[[str, bytes, Mapping[str, str]], Awaitable[bool]]
"""Posts a body with headers to an address; whether it was taken. Never raises."""


class Deliveries:
    """The webhooks that are due. No row is locked while one is sent."""

    def __init__(self, sessions: Sessions, deliver: Deliver, url: str, secret: str, clock: Clock) -> None:
        self._sessions = sessions
        self._deliver = deliver
        self._url = url
        self._secret = secret
        self._clock = clock
        self._due = asyncio.Event()

    def wake(self) -> None:
        self._due.set()

    async def run(self) -> None:
        """Until it is cancelled. What was under way then is sent again later."""
        while True:
            self._due.clear()
            try:
                await self.expire()
                sent = await self.send_due()
            except AWAY as error:
                logger.warning("the sandbox could not reach the database (%s)", type(error).__name__)
                sent = 0
            if not sent:
                await self._wait()

    async def send_due(self) -> int:
        """Sends what is due by now, in order; how many webhooks that were."""
        claimed = await self._claim()
        for event, body in claimed:
            signature = sign(body, self._secret, self._clock())
            headers = {"content-type": "application/json", SIGNATURE: signature}
            taken = await self._deliver(self._url, body.encode(), headers)
            await self._sent(event, taken=taken)
        return len(claimed)

    async def expire(self) -> None:
        """Closes the sessions whose time is over."""
        now = self._clock()
        over = (SandboxPayment.status == SandboxStatus.OPEN, SandboxPayment.expires_at <= now)
        asked = select(SandboxPayment).where(*over).limit(AT_ONCE).with_for_update(skip_locked=True)
        async with self._sessions() as db, db.begin():
            for found in await db.scalars(asked):
                await record(db, found, *expired(found), now)

    async def _claim(self) -> list[tuple[SandboxEvent, str]]:
        now = self._clock()
        due = (
            select(SandboxEvent, SandboxPayment)
            .join(SandboxPayment, SandboxPayment.reference == SandboxEvent.reference)
            .where(SandboxEvent.due_at <= now)
            .order_by(SandboxEvent.due_at, SandboxEvent.id)
            .limit(AT_ONCE)
            .with_for_update(of=SandboxEvent, skip_locked=True)
        )
        async with self._sessions() as db, db.begin():
            claimed = [(event, body_of(event, payment)) for event, payment in (await db.execute(due)).all()]
            for event, _ in claimed:
                event.attempts += 1
                event.due_at = now + LEASE
        return claimed

    async def _sent(self, event: SandboxEvent, *, taken: bool) -> None:
        left = event.sends_left - 1 if taken else event.sends_left
        next_at: datetime | None = self._clock() + AFTER
        if not taken:
            next_at = self._clock() + timedelta(seconds=min(2**event.attempts, LONGEST_PAUSE))
        if not left or event.attempts >= MOST_ATTEMPTS:
            next_at = None
        mine = (SandboxEvent.id == event.id, SandboxEvent.attempts == event.attempts)
        async with self._sessions() as db, db.begin():
            await db.execute(update(SandboxEvent).where(*mine).values(sends_left=left, due_at=next_at))

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(IDLE):
                await self._due.wait()
        except TimeoutError:
            return
