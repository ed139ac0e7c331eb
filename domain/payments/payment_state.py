"""What the events of a payment add up to, in whatever order and however often they came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.enums import PaymentEventKind, PaymentStatus

BEFORE_CAPTURE = {
    PaymentEventKind.FAILED: PaymentStatus.FAILED,
    PaymentEventKind.AUTHORIZED: PaymentStatus.AUTHORIZED,
    PaymentEventKind.VOIDED: PaymentStatus.VOIDED,
}
"""Who is later here is later of two that happened in the same second, which is all that some gateways tell."""

RANK = {kind: rank for rank, kind in enumerate(BEFORE_CAPTURE)}


@dataclass(frozen=True)
class PaymentFact:
    """An event of one payment. Two with the same id are the same event."""

    event_id: str
    kind: PaymentEventKind
    amount_minor: int
    occurred_at: datetime


@dataclass(frozen=True)
class PaymentState:
    """`captured_minor` is all that was ever captured, `refunded_minor` what of it went back."""

    status: PaymentStatus
    captured_minor: int
    refunded_minor: int
    captured_at: datetime | None


def payment_state(facts: Iterable[PaymentFact]) -> PaymentState:
    """The state after these events, as far as they are known.

    Once money was captured, attempts that failed or were given up say nothing any more; before, the latest of them
    does. A refund counts from when its capture is known, for it can arrive first; a refund with a negative amount
    takes one back that the bank would not take. Captures add up, also beyond what was asked: who paid twice is owed.
    """
    known = {fact.event_id: fact for fact in facts}.values()
    captures = [fact for fact in known if fact.kind is PaymentEventKind.CAPTURED]
    if not captures:
        attempts = [fact for fact in known if fact.kind in BEFORE_CAPTURE]
        latest = max(attempts, key=lambda fact: (fact.occurred_at, RANK[fact.kind]), default=None)
        return PaymentState(BEFORE_CAPTURE[latest.kind] if latest else PaymentStatus.PENDING, 0, 0, None)
    captured = sum(fact.amount_minor for fact in captures)
    returned = sum(fact.amount_minor for fact in known if fact.kind is PaymentEventKind.REFUNDED)
    refunded = min(max(returned, 0), captured)
    return PaymentState(_after_capture(captured, refunded), captured, refunded, min(f.occurred_at for f in captures))


def _after_capture(captured: int, refunded: int) -> PaymentStatus:
    if not refunded:
        return PaymentStatus.CAPTURED
    return PaymentStatus.REFUNDED if refunded == captured else PaymentStatus.PARTIALLY_REFUNDED
