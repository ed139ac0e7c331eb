"""Requests to gateways, done: asked outside of any transaction, and their outcome written down in another one.

Killed at any moment, a request is still OPEN; asked again with its key, the gateway does it once.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from asyncpg import Record

from domain.payments.lock_payment import LOCK_APPOINTMENT
from domain.payments.payment_references import reference_of
from domain.session import Session
from gateways.payments import (
    Capture,
    GatewayDeclined,
    GatewayRefused,
    GatewayUnavailable,
    Order,
    PaymentGateway,
    RefundReason,
    SessionReference,
    SessionState,
    WriteKey,
)
from gateways.payments import Session as Checkout
from models import Payment, PaymentSession
from models.enums import GatewayRequestKind, GatewayRequestStatus

log = logging.getLogger(__name__)

Begin: TypeAlias = Callable[[], AbstractAsyncContextManager[Session]]
"""Opens a transaction, which is committed at the end of the block."""

KEY_REMEMBERED = timedelta(hours=23)
"""So long all gateways know a key; after that they are asked first whether the work was done."""
AT_ONCE = 100

# Whoever takes a request has it until it is due again: twice as long each time, from a minute to an hour.
TAKE = """
UPDATE gateway_requests SET attempts = attempts + 1,
  due_at = $2::timestamptz + make_interval(mins => least(power(2, least(attempts, 6))::int, 60))
WHERE id = $1 AND status = 'OPEN'
"""
READ = """
SELECT r.*, s.amount_minor AS ordered_minor, s.currency, s.description, s.is_manual, s.return_url, s.expires_at,
       coalesce(r.reference, s.reference) AS at_reference,
       (SELECT coalesce(sum(amount_minor), 0) FROM gateway_requests
        WHERE payment_id = r.payment_id AND id <> r.id AND kind = 'REFUND' AND status = 'DONE')::bigint
       + (SELECT coalesce(sum(amount_minor), 0) FROM payment_events
          WHERE payment_id = r.payment_id AND kind = 'REFUNDED' AND by_hand)::bigint AS returned_before
FROM gateway_requests r LEFT JOIN payment_sessions s ON s.id = r.session_id WHERE r.id = $1
"""
LOCK_PAYMENT = "SELECT FROM payments WHERE id = $1 FOR NO KEY UPDATE"
SETTLE = """
UPDATE gateway_requests SET status = $2, error = $3, settled_at = $4 WHERE id = $1 AND status = 'OPEN' RETURNING id
"""
DUE = """
SELECT id, gateway FROM gateway_requests WHERE status = 'OPEN' AND due_at <= $1 AND gateway = ANY ($2)
ORDER BY due_at, id LIMIT $3
"""


@dataclass(frozen=True)
class Outcome:
    """How a request went; `error` is the gateway's code. `checkout` is what a new session answered."""

    status: GatewayRequestStatus
    error: str | None = None
    checkout: Checkout | None = None


DONE = Outcome(GatewayRequestStatus.DONE)


async def finish_gateway_requests(begin: Begin, gateways: Mapping[str, PaymentGateway], now: datetime) -> int:
    """Asks for what is due; returns how many requests were settled. The rest stays due for a later round."""
    async with begin() as session:
        due = await session.run(DUE, now, list(gateways), AT_ONCE)
    settled = 0
    for row in due:
        try:
            await finish_request(begin, gateways[row["gateway"]], row["id"])
        except GatewayUnavailable:
            continue
        settled += 1
    return settled


async def finish_request(begin: Begin, gateway: PaymentGateway, request_id: int) -> Outcome:
    """How a request went, after asking the gateway if it is still open. Raises GatewayUnavailable."""
    async with begin() as session:
        await session.run(TAKE, request_id, session.now)
        request = await _read(session, request_id)
        now = session.now
    if (known := _known(request)) is not None:
        return known
    outcome: Outcome | None = None
    if request["after_id"] is not None:
        before = await finish_request(begin, gateway, request["after_id"])
        if before.status is not GatewayRequestStatus.DONE:
            outcome = _without(request, before)
        async with begin() as session:
            request = await _read(session, request_id)
    outcome = outcome or await _ask(gateway, request, now)
    async with begin() as session:
        return await _settle(session, request, outcome)


def _known(request: Record) -> Outcome | None:
    status = GatewayRequestStatus(request["status"])
    return None if status is GatewayRequestStatus.OPEN else Outcome(status, request["error"])


def _without(request: Record, before: Outcome) -> Outcome:
    """After what should have come before was refused: a session that was never made need not be closed."""
    if request["kind"] == GatewayRequestKind.EXPIRE_SESSION:
        return DONE
    return Outcome(GatewayRequestStatus.REFUSED, before.error)


async def _read(session: Session, request_id: int) -> Record:
    (row,) = await session.run(READ, request_id)
    return row


async def _ask(gateway: PaymentGateway, request: Record, now: datetime) -> Outcome:
    try:
        return await ASKED[GatewayRequestKind(request["kind"])](gateway, request, now)
    except GatewayDeclined as declined:
        return Outcome(GatewayRequestStatus.DECLINED, declined.reason)
    except GatewayRefused as refused:
        return Outcome(GatewayRequestStatus.REFUSED, refused.code)


async def _create_session(gateway: PaymentGateway, request: Record, now: datetime) -> Outcome:
    if request["expires_at"] <= now:
        raise GatewayRefused("asked_too_late")
    order = Order(
        payment=reference_of(request["payment_id"]),
        amount_minor=request["ordered_minor"],
        currency=request["currency"],
        description=request["description"],
        capture=Capture.MANUAL if request["is_manual"] else Capture.AUTOMATIC,
        return_url=request["return_url"],
        expires_at=request["expires_at"],
    )
    checkout = await gateway.create_session(order, WriteKey(request["key"]))
    return Outcome(GatewayRequestStatus.DONE, checkout=checkout)


async def _expire_session(gateway: PaymentGateway, request: Record, _: datetime) -> Outcome:
    try:
        await gateway.expire_session(_reference(request), WriteKey(request["key"]))
    except GatewayRefused:
        known = await gateway.fetch(_reference(request))
        is_over = known.state is SessionState.COMPLETE and not (known.held_minor or known.captured_minor)
        if known.state is not SessionState.EXPIRED and not is_over:
            raise
    return DONE


async def _capture(gateway: PaymentGateway, request: Record, _: datetime) -> Outcome:
    try:
        await gateway.capture(_reference(request), request["amount_minor"], WriteKey(request["key"]))
    except GatewayRefused:
        if not (await gateway.fetch(_reference(request))).captured_minor:
            raise
    return DONE


async def _void(gateway: PaymentGateway, request: Record, _: datetime) -> Outcome:
    try:
        await gateway.void(_reference(request), WriteKey(request["key"]))
    except GatewayRefused:
        known = await gateway.fetch(_reference(request))
        if known.held_minor or known.captured_minor:
            raise
    return DONE


async def _refund(gateway: PaymentGateway, request: Record, now: datetime) -> Outcome:
    if now - request["asked_at"] > KEY_REMEMBERED:
        known = await gateway.fetch(_reference(request))
        if known.refunded_minor >= request["returned_before"] + request["amount_minor"]:
            return DONE
    reason = RefundReason.DUPLICATE if request["is_duplicate"] else RefundReason.REQUESTED
    await gateway.refund(_reference(request), request["amount_minor"], WriteKey(request["key"]), reason)
    return DONE


def _reference(request: Record) -> SessionReference:
    return SessionReference(request["at_reference"])


ASKED: Mapping[GatewayRequestKind, Callable[[PaymentGateway, Record, datetime], Awaitable[Outcome]]] = {
    GatewayRequestKind.CREATE_SESSION: _create_session,
    GatewayRequestKind.EXPIRE_SESSION: _expire_session,
    GatewayRequestKind.CAPTURE: _capture,
    GatewayRequestKind.VOID: _void,
    GatewayRequestKind.REFUND: _refund,
}


async def _settle(session: Session, request: Record, outcome: Outcome) -> Outcome:
    """Writes the outcome down, unless somebody else has; then it is theirs that counts."""
    (payment,) = await session.run("SELECT appointment_id FROM payments WHERE id = $1", request["payment_id"])
    (appointment,) = await session.run(LOCK_APPOINTMENT, payment["appointment_id"])
    await session.run(LOCK_PAYMENT, request["payment_id"])
    if not await session.run(SETTLE, request["id"], outcome.status, outcome.error, session.now):
        known = _known(await _read(session, request["id"]))
        assert known is not None, "a request is either open or settled"
        return known
    kind, done = GatewayRequestKind(request["kind"]), outcome.status is GatewayRequestStatus.DONE
    if outcome.checkout is not None:
        await _keep(session, request, outcome.checkout)
    elif request["session_id"] is not None and done is (kind is GatewayRequestKind.EXPIRE_SESSION):
        await session.update(PaymentSession, request["session_id"], closed_at=session.now)
    if not done and request["is_automatic"]:
        log.error("request %d to %s was not done: %s", request["id"], request["gateway"], outcome.error)
    session.audit(
        "Payment",
        request["payment_id"],
        patient_id=appointment["patient_id"],
        reason=outcome.error or outcome.status,
        action=kind.lower(),
    )
    return outcome


async def _keep(session: Session, request: Record, checkout: Checkout) -> None:
    await session.update(
        PaymentSession,
        request["session_id"],
        reference=checkout.reference,
        client_token=checkout.client_token,
        checkout_url=checkout.checkout_url,
    )
    await session.update(
        Payment, request["payment_id"], gateway=request["gateway"], gateway_reference=checkout.reference
    )
