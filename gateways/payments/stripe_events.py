"""Stripe's events, in our words.

Several of Stripe's events tell the same fact; one of them counts, all others are OTHER:

- `payment_intent.amount_capturable_updated`: held, AUTHORIZED with what can be captured;
- `payment_intent.succeeded`: CAPTURED with what was received, whichever way it was captured;
- `payment_intent.payment_failed`: FAILED, after which the patient may try again;
- `payment_intent.canceled`, `checkout.session.expired`: VOIDED;
- `refund.created`: REFUNDED; `refund.failed`: REFUNDED with a negative amount, for the money is back with us.

The webhook endpoint must be of API version 2024-10-28 or later, before which cards' refunds had no events of their own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateways.payments import EventId, GatewayEvent, PaymentReference, SessionReference, WebhookFault, WebhookRefused
from models.enums import PaymentEventKind

PROVIDER = "stripe"
PAYMENT = "payment"  # the metadata's key under which our reference stands


@dataclass(frozen=True)
class Counted:
    """The kind of an event, the member of its object that has the amount, and the amount's sign."""

    kind: PaymentEventKind
    amount: str
    sign: int = 1


COUNTED = {
    "payment_intent.amount_capturable_updated": Counted(PaymentEventKind.AUTHORIZED, "amount_capturable"),
    "payment_intent.succeeded": Counted(PaymentEventKind.CAPTURED, "amount_received"),
    "payment_intent.payment_failed": Counted(PaymentEventKind.FAILED, "amount"),
    "payment_intent.canceled": Counted(PaymentEventKind.VOIDED, "amount"),
    "checkout.session.expired": Counted(PaymentEventKind.VOIDED, "amount_total"),
    "refund.created": Counted(PaymentEventKind.REFUNDED, "amount"),
    "refund.failed": Counted(PaymentEventKind.REFUNDED, "amount", -1),
}


def event_of_text(text: str) -> GatewayEvent:
    """From a webhook's body. Raises WebhookRefused: MALFORMED."""
    try:
        return event_of(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        raise WebhookRefused(WebhookFault.MALFORMED) from None


def event_of(payload: Mapping[str, Any]) -> GatewayEvent:
    """From an event object. Raises ValueError, KeyError, TypeError or AttributeError for anything else."""
    about = payload["data"]["object"]
    counted = COUNTED.get(payload["type"])
    amount = counted.sign * whole(about[counted.amount]) if counted else 0
    is_session = about.get("object") == "checkout.session"
    currency = about.get("currency")
    return GatewayEvent(
        provider=PROVIDER,
        event_id=EventId(filled(payload["id"])),
        kind=counted.kind if counted else PaymentEventKind.OTHER,
        reference=SessionReference(filled(about["id"])) if is_session else None,
        payment=payment_of(about),
        amount_minor=amount,
        currency=filled(currency).upper() if currency is not None else None,
        occurred_at=datetime.fromtimestamp(whole(payload["created"]), UTC),
        payload=dict(payload),
    )


def payment_of(about: Mapping[str, Any]) -> PaymentReference | None:
    """Our reference in an object's metadata; None for an object that somebody else has made."""
    reference = (about.get("metadata") or {}).get(PAYMENT)
    return PaymentReference(filled(reference)) if reference is not None else None


def intent_of(event: GatewayEvent) -> str | None:
    """The PaymentIntent that an event's object is or belongs to."""
    about: Any = event.payload["data"]
    about = about["object"]
    intent = about.get("id") if about.get("object") == "payment_intent" else about.get("payment_intent")
    return intent if isinstance(intent, str) else None


def whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a whole number")
    return value


def filled(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("not a text")
    return value
