"""The sandbox's events: recorded with what caused them, told by webhooks."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from gateways.payments import (
    EventId,
    GatewayEvent,
    PaymentReference,
    SessionReference,
    WebhookFault,
    WebhookRefused,
)
from gateways.payments.sandbox.faults import faults_of
from models.enums import PaymentEventKind
from models.sandbox import SandboxEvent, SandboxFault, SandboxPayment

PROVIDER = "sandbox"
DELAY, LONGEST_WAIT, AFTER = timedelta(seconds=10), timedelta(seconds=30), timedelta(seconds=1)
TYPES = {f"payment.{kind.lower()}": kind for kind in PaymentEventKind}


async def record(
    db: AsyncSession, payment: SandboxPayment, kind: PaymentEventKind, amount_minor: int, now: datetime
) -> None:
    """In the transaction of what happened; the webhook's time is set by the session's faults."""
    faults = faults_of(payment.faults)
    due = now + DELAY if SandboxFault.DELAY in faults else now
    if SandboxFault.REORDER in faults and not await _let_wait(db, payment, due + AFTER):
        due += LONGEST_WAIT
    db.add(
        SandboxEvent(
            event_id=f"evt_{token_hex(16)}",
            reference=payment.reference,
            kind=kind,
            amount_minor=amount_minor,
            occurred_at=now,
            due_at=due,
            sends_left=2 if SandboxFault.REPEAT in faults else 1,
        )
    )


async def _let_wait(db: AsyncSession, payment: SandboxPayment, until: datetime) -> bool:
    """Moves webhooks that were not sent yet; whether there were any."""
    waiting = (SandboxEvent.reference == payment.reference, SandboxEvent.due_at.is_not(None))
    moved = await db.execute(
        update(SandboxEvent).where(*waiting, SandboxEvent.attempts == 0).values(due_at=until).returning(SandboxEvent.id)
    )
    return moved.first() is not None


def body_of(event: SandboxEvent, payment: SandboxPayment) -> str:
    """What the webhook of an event says."""
    return json.dumps(
        {
            "id": event.event_id,
            "type": f"payment.{event.kind.lower()}",
            "occurred_at": event.occurred_at.astimezone(UTC).isoformat(),
            "session": payment.reference,
            "payment": payment.payment,
            "amount_minor": event.amount_minor,
            "currency": payment.currency,
        }
    )


def event_of_text(text: str) -> GatewayEvent:
    """From a webhook's body. Raises WebhookRefused: MALFORMED."""
    try:
        return event_of(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WebhookRefused(WebhookFault.MALFORMED) from None


def event_of(payload: Mapping[str, Any]) -> GatewayEvent:
    """From what a body says. Raises ValueError, KeyError or TypeError for anything else."""
    texts = {name: payload[name] for name in ("id", "type", "occurred_at", "session", "payment", "currency")}
    amount = payload["amount_minor"]
    if type(amount) is not int or not all(isinstance(value, str) and value for value in texts.values()):
        raise TypeError("not an event")
    occurred_at = datetime.fromisoformat(texts["occurred_at"])
    if occurred_at.tzinfo is None:
        raise ValueError("no time zone")
    kind = TYPES.get(texts["type"], PaymentEventKind.OTHER)
    return GatewayEvent(
        provider=PROVIDER,
        event_id=EventId(texts["id"]),
        kind=kind,
        reference=SessionReference(texts["session"]),
        payment=PaymentReference(texts["payment"]),
        amount_minor=amount if kind is not PaymentEventKind.OTHER else 0,
        currency=texts["currency"],
        occurred_at=occurred_at,
        payload=dict(payload),
    )
