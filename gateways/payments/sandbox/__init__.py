"""A gateway inside this server, for development and tests. Its state is in PostgreSQL, so it survives restarts.

It stands for a company outside: it commits by itself, never in a transaction of ours. What it can be told to do wrong
is in `faults.py`; its checkout page is in `server/sandbox`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from gateways.payments import (
    Capture,
    GatewayDeclined,
    GatewayEvent,
    GatewayRefused,
    GatewayUnavailable,
    Known,
    Order,
    PaymentReference,
    RefundReason,
    Session,
    SessionLife,
    SessionReference,
    SessionState,
    WebhookFault,
    WebhookRefused,
    WriteKey,
)
from gateways.payments.sandbox.events import PROVIDER, body_of, event_of_text, record
from gateways.payments.sandbox.faults import faults_in, faults_of
from gateways.payments.signature import verify
from models.clock import Clock
from models.enums import PaymentEventKind
from models.sandbox import SandboxEvent, SandboxFault, SandboxPayment, SandboxStatus

CHECKOUT = "/sandbox/checkout"
SIGNATURE = "sandbox-signature"
SESSION_LIFE = SessionLife(timedelta(seconds=1), timedelta(hours=24))
STATES = {SandboxStatus.OPEN: SessionState.OPEN, SandboxStatus.EXPIRED: SessionState.EXPIRED}
UNAVAILABLE = "the sandbox was told to be unavailable"
LOST = "the sandbox was told to lose this answer"
Sessions: TypeAlias = async_sessionmaker[AsyncSession]
Change: TypeAlias = Callable[[SandboxPayment], tuple[PaymentEventKind, int]]


class SandboxGateway:
    """See `PaymentGateway`. `wake` is called when there is a webhook to send."""

    provider = PROVIDER
    session_life = SESSION_LIFE

    def __init__(
        self, sessions: Sessions, secret: str, public_url: str, clock: Clock, wake: Callable[[], None]
    ) -> None:
        self._sessions = sessions
        self._secret = secret
        self._public_url = public_url
        self._clock = clock
        self._wake = wake

    async def create_session(self, order: Order, key: WriteKey) -> Session:
        faults = faults_in(order.description)
        if SandboxFault.UNAVAILABLE in faults:
            raise GatewayUnavailable(UNAVAILABLE)
        if order.amount_minor <= 0:
            raise GatewayRefused("amount_too_small")
        if not order.return_url.startswith(("http://", "https://")):
            raise GatewayRefused("return_url_invalid")
        said = asdict(order)
        said["is_manual"] = said.pop("capture") is Capture.MANUAL
        made = insert(SandboxPayment).values(
            **said, reference=f"sbx_{token_urlsafe(24)}", created_key=key, faults=sorted(faults)
        )
        async with self._sessions() as db, db.begin():
            new = await db.scalar(made.on_conflict_do_nothing().returning(SandboxPayment.reference))
            found = (await db.scalars(select(SandboxPayment).where(SandboxPayment.created_key == key))).one()
            if any(getattr(found, name) != value for name, value in said.items()):
                raise GatewayRefused("idempotency_error")
        if new is not None and SandboxFault.LOSE_ANSWER in faults:
            raise GatewayUnavailable(LOST)
        checkout_url = f"{self._public_url}{CHECKOUT}/{found.reference}"
        return Session(SessionReference(found.reference), client_token=found.reference, checkout_url=checkout_url)

    async def capture(self, reference: SessionReference, amount_minor: int, key: WriteKey) -> None:
        def change(found: SandboxPayment) -> tuple[PaymentEventKind, int]:
            _refuse_unless(found.status is SandboxStatus.HELD, "not_held")
            _refuse_unless(0 < amount_minor <= found.amount_minor, "amount_too_large")
            found.status, found.captured_minor = SandboxStatus.CAPTURED, amount_minor
            return PaymentEventKind.CAPTURED, amount_minor

        await self._write(reference, key, f"capture {amount_minor}", change)

    async def void(self, reference: SessionReference, key: WriteKey) -> None:
        def change(found: SandboxPayment) -> tuple[PaymentEventKind, int]:
            _refuse_unless(found.status is SandboxStatus.HELD, "not_held")
            found.status = SandboxStatus.VOIDED
            return PaymentEventKind.VOIDED, found.amount_minor

        await self._write(reference, key, "void", change)

    async def refund(self, reference: SessionReference, amount_minor: int, key: WriteKey, reason: RefundReason) -> None:
        def change(found: SandboxPayment) -> tuple[PaymentEventKind, int]:
            left = found.captured_minor - found.refunded_minor
            _refuse_unless(0 < amount_minor <= left, "amount_too_large")
            found.refunded_minor += amount_minor
            return PaymentEventKind.REFUNDED, amount_minor

        await self._write(reference, key, f"refund {amount_minor} {reason}", change)

    async def expire_session(self, reference: SessionReference, key: WriteKey) -> None:
        def change(found: SandboxPayment) -> tuple[PaymentEventKind, int]:
            _refuse_unless(found.status is SandboxStatus.OPEN, "not_open")
            return expired(found)

        await self._write(reference, key, "expire", change)

    async def fetch(self, reference: SessionReference) -> Known:
        async with self._sessions() as db:
            found = await _found(db, reference)
        return Known(
            reference,
            PaymentReference(found.payment),
            STATES.get(found.status, SessionState.COMPLETE),
            found.currency,
            held_minor=found.amount_minor if found.status is SandboxStatus.HELD else 0,
            captured_minor=found.captured_minor,
            refunded_minor=found.refunded_minor,
        )

    async def events_since(self, since: datetime) -> AsyncIterator[GatewayEvent]:
        happened = (
            select(SandboxEvent, SandboxPayment)
            .join(SandboxPayment, SandboxPayment.reference == SandboxEvent.reference)
            .where(SandboxEvent.occurred_at >= since)
            .order_by(SandboxEvent.id)
        )
        async with self._sessions() as db:
            rows = (await db.execute(happened)).all()
        for event, payment in rows:
            yield event_of_text(body_of(event, payment))

    async def payment_of(self, event: GatewayEvent) -> PaymentReference | None:
        return event.payment

    def read_webhook(self, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        if (header := headers.get(SIGNATURE)) is None:
            raise WebhookRefused(WebhookFault.BAD_SIGNATURE)
        return event_of_text(verify(body, header, self._secret, now))

    async def _write(self, reference: SessionReference, key: WriteKey, call: str, change: Change) -> None:
        """Does what `change` does to the session, once for a key, and tells it by a webhook."""
        async with self._sessions() as db, db.begin():
            found = await _found(db, reference, lock=True)
            if found.answered.get(key, call) != call:
                raise GatewayRefused("idempotency_error")
            if key in found.answered:
                return
            if SandboxFault.FAIL in found.faults:
                raise GatewayDeclined("processing_error")
            kind, amount_minor = change(found)
            found.answered = {**found.answered, key: call}
            await record(db, found, kind, amount_minor, self._clock())
            lost = SandboxFault.LOSE_ANSWER in found.faults
        self._wake()
        if lost:
            raise GatewayUnavailable(LOST)


def expired(found: SandboxPayment) -> tuple[PaymentEventKind, int]:
    """Closes a session in which nobody has paid."""
    found.status = SandboxStatus.EXPIRED
    return PaymentEventKind.VOIDED, found.amount_minor


async def _found(db: AsyncSession, reference: SessionReference, *, lock: bool = False) -> SandboxPayment:
    asked = select(SandboxPayment).where(SandboxPayment.reference == reference)
    found = await db.scalar(asked.with_for_update() if lock else asked)
    if found is None:
        raise GatewayRefused("no_such_session")
    if SandboxFault.UNAVAILABLE in faults_of(found.faults):
        raise GatewayUnavailable(UNAVAILABLE)
    return found


def _refuse_unless(true: bool, code: str) -> None:
    if not true:
        raise GatewayRefused(code)
