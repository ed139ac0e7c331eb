"""Our payments beside what the gateway knows: what we have not heard of is taken up, what still differs is reported."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from asyncpg import Record

from domain.payments.finish_request import Begin
from domain.payments.payment_references import payment_id_of
from gateways.payments import GatewayEvent, GatewayRefused, PaymentGateway, SessionReference
from models.enums import PaymentEventKind

TakeUp: TypeAlias = Callable[[GatewayEvent], Awaitable[bool]]
"""Takes an event up as its webhook would; whether it was new."""

OURS = """
SELECT p.id, p.currency, p.captured_minor, p.refunded_minor, p.gateway_reference FROM payments p
WHERE p.gateway = $1 AND p.gateway_reference IS NOT NULL AND (
  p.id = ANY ($3) OR p.updated_at >= $2
  OR EXISTS (SELECT FROM payment_sessions s WHERE s.payment_id = p.id AND s.asked_at >= $2)) ORDER BY p.id
"""
NOT_DONE = """
SELECT id, payment_id, kind, status, error FROM gateway_requests
WHERE gateway = $1 AND asked_at >= $2 AND (is_automatic AND status IN ('DECLINED', 'REFUSED') OR status = 'OPEN')
ORDER BY id
"""


@dataclass(frozen=True)
class Difference:
    """Something about a payment that is not the same here and there."""

    payment_id: int
    what: str
    ours: str
    theirs: str


@dataclass
class Reconciliation:
    """What was found: `taken_up` events that we had not heard of, `foreign` ones that are about no payment of ours."""

    heard: int = 0
    taken_up: int = 0
    foreign: int = 0
    differences: list[Difference] = field(default_factory=list)


async def reconcile(begin: Begin, gateway: PaymentGateway, take_up: TakeUp, since: datetime) -> Reconciliation:
    """Compares everything that has happened since an instant. Raises GatewayUnavailable."""
    found = Reconciliation()
    mentioned: set[int] = set()
    async for event in gateway.events_since(since):
        found.heard += 1
        payment_id = payment_id_of(await gateway.payment_of(event))
        if payment_id is None:
            found.foreign += event.kind is not PaymentEventKind.OTHER
        else:
            mentioned.add(payment_id)
        found.taken_up += await take_up(event)
    async with begin() as session:
        ours = await session.run(OURS, gateway.provider, since, sorted(mentioned))
        not_done = await session.run(NOT_DONE, gateway.provider, since)
    for payment in ours:
        found.differences += await _compare(gateway, payment)
    for row in not_done:
        what = f"request {row['id']}: {row['kind']}"
        found.differences.append(Difference(row["payment_id"], what, row["status"], row["error"] or "unknown"))
    return found


async def _compare(gateway: PaymentGateway, payment: Record) -> list[Difference]:
    try:
        known = await gateway.fetch(SessionReference(payment["gateway_reference"]))
    except GatewayRefused as refused:
        return [Difference(payment["id"], "session", payment["gateway_reference"], refused.code)]
    sides = {
        "payment": (payment["id"], payment_id_of(known.payment)),
        "currency": (payment["currency"], known.currency),
        "captured": (payment["captured_minor"], known.captured_minor),
        "refunded": (payment["refunded_minor"], known.refunded_minor),
    }
    return [
        Difference(payment["id"], what, str(ours), str(theirs))
        for what, (ours, theirs) in sides.items()
        if ours != theirs
    ]
