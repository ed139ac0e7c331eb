"""A place to pay: asked of the gateway for a visit or a fee."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from asyncpg import Record

from domain.payments.ask_gateway import ask_gateway
from domain.payments.lock_payment import find_payment
from domain.refusal import Conflict, Invalid
from domain.scheduling.refusals import InvalidTransition
from domain.scheduling.take_step import lock_appointment
from domain.session import Session
from gateways.payments import Capture, PaymentGateway
from models import Payment, PaymentSession
from models.enums import FREES_SEAT, AppointmentStatus, GatewayRequestKind, PaymentKind, PaymentStatus

USUAL_LIFE = timedelta(hours=1)
LONGEST_URL = 2_000
PAYABLE = frozenset({PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.VOIDED})
NAMES = {
    PaymentKind.VISIT: "Visit at {}",
    PaymentKind.LATE_FEE: "Late cancellation at {}",
    PaymentKind.NO_SHOW_FEE: "Missed visit at {}",
}

LOCK_VISIT = "SELECT * FROM payments WHERE appointment_id = $1 AND kind = 'VISIT' FOR NO KEY UPDATE"
PRICE = """
SELECT d.consultation_fee_minor AS fee_minor, d.currency, c.name AS clinic
FROM doctors d, clinics c WHERE d.id = $1 AND c.id = $2
"""
# The newest that may still be open at the gateway, and the requests that made it and that close it.
LIVE = """
SELECT s.*, made.id AS made_by_id, closing.id AS closing_id, closing.status AS closing_status
FROM payment_sessions s
JOIN gateway_requests made ON made.session_id = s.id AND made.kind = 'CREATE_SESSION'
LEFT JOIN LATERAL (SELECT id, status FROM gateway_requests WHERE session_id = s.id AND kind = 'EXPIRE_SESSION'
                   ORDER BY id DESC LIMIT 1) closing ON TRUE
WHERE s.payment_id = $1 AND s.gateway = $2 AND s.closed_at IS NULL ORDER BY s.id DESC LIMIT 1
"""


async def create_payment_session(
    session: Session,
    gateway: PaymentGateway,
    *,
    appointment_id: int | None,
    payment_id: int | None,
    return_url: str,
    capture: Capture,
) -> tuple[int, int, int]:
    """Asks for a session in which the visit of an appointment, or any payment, can be paid.

    Returns the ids of the payment, of its session and of the request that makes it: the session that is open already,
    if it is on the same terms; any other is closed first, so that nobody can pay twice. Raises Invalid, NotFound,
    InvalidTransition for a visit that was called off or not paid in time, and Conflict for what is paid.
    """
    check_return_url(return_url)
    if (appointment_id is None) == (payment_id is None):
        raise Invalid({"appointmentId": "name an appointment or a payment, and not both"})
    if payment_id is not None:
        appointment_id = (await find_payment(session, payment_id))["appointment_id"]
    assert appointment_id is not None
    appointment = await lock_appointment(session, appointment_id)
    (price,) = await session.run(PRICE, appointment["doctor_id"], appointment["clinic_id"])
    payment = await _payment(session, payment_id, appointment, price)
    kind = PaymentKind(payment["kind"])
    amount = await _amount(session, payment, appointment, price)
    if capture is Capture.MANUAL and appointment["awaits_payment"]:
        raise Invalid({"capture": "this booking is confirmed by its payment, so the money cannot only be held"})
    after_id = None
    live = await session.run(LIVE, payment["id"], gateway.provider)
    if live:
        terms = (amount, capture is Capture.MANUAL, return_url)
        if _can_be_used(session, live[0], payment, terms):
            return payment["id"], live[0]["id"], live[0]["made_by_id"]
        after_id = await _closing(session, live[0], payment)
    session_id = await session.insert(
        PaymentSession,
        payment_id=payment["id"],
        gateway=gateway.provider,
        amount_minor=amount,
        currency=payment["currency"],
        description=NAMES[kind].format(price["clinic"]),
        is_manual=capture is Capture.MANUAL,
        return_url=return_url,
        asked_at=session.now,
        expires_at=_expires_at(session.now, gateway, appointment),
    )
    request_id = await ask_gateway(
        session,
        payment,
        GatewayRequestKind.CREATE_SESSION,
        gateway=gateway.provider,
        session_id=session_id,
        after_id=after_id,
    )
    session.audit("Payment", payment["id"], patient_id=appointment["patient_id"])
    return payment["id"], session_id, request_id


async def close_session(session: Session, payment: Record, live: Record, *, is_automatic: bool = False) -> int:
    """Asks that nobody can pay in a session of a locked payment any more; returns the request's id."""
    return await ask_gateway(
        session,
        payment,
        GatewayRequestKind.EXPIRE_SESSION,
        gateway=live["gateway"],
        reference=live["reference"],
        session_id=live["id"],
        after_id=live["made_by_id"],
        is_automatic=is_automatic,
    )


def _can_be_used(session: Session, live: Record, payment: Record, terms: tuple[int, bool, str]) -> bool:
    same = (live["amount_minor"], live["is_manual"], live["return_url"]) == terms
    is_open = live["closing_id"] is None and live["expires_at"] > session.now
    return same and is_open and payment["status"] != PaymentStatus.VOIDED


async def _closing(session: Session, live: Record, payment: Record) -> int:
    """The request that closes a session. Raises Conflict if it could not be closed, because somebody has paid there."""
    if live["closing_status"] == "REFUSED" and payment["status"] != PaymentStatus.VOIDED:
        raise Conflict("somebody is paying this just now; look at it again")
    closing_id: int = live["closing_id"]
    return closing_id if live["closing_status"] == "OPEN" else await close_session(session, payment, live)


def check_return_url(url: str) -> None:
    """Raises Invalid for anything but the address of a page, at most 2,000 characters long."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        good = False
    if not good or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid({"returnUrl": "this is not the address of a page, such as https://clinic.example/paid"})


async def _payment(session: Session, payment_id: int | None, appointment: Record, price: Record) -> Record:
    """The payment, locked; that of a visit is made when it is first asked for."""
    if payment_id is not None:
        return await session.lock(Payment, payment_id)
    if found := await session.run(LOCK_VISIT, appointment["id"]):
        return found[0]
    made_id = await session.insert(
        Payment,
        appointment_id=appointment["id"],
        kind=PaymentKind.VISIT,
        amount_minor=price["fee_minor"],
        currency=price["currency"],
        created_at=session.now,
    )
    return await session.lock(Payment, made_id)


async def _amount(session: Session, payment: Record, appointment: Record, price: Record) -> int:
    """What is to be paid, in minor units: a visit not paid yet costs what its doctor asks now, who may be another."""
    of_visit = payment["kind"] == PaymentKind.VISIT
    lapsed = appointment["awaits_payment"] and appointment["pay_by"] <= session.now
    if of_visit and (lapsed or AppointmentStatus(appointment["status"]) in FREES_SEAT):
        raise InvalidTransition("this visit was called off, or was not paid in time", field="appointmentId")
    if PaymentStatus(payment["status"]) not in PAYABLE:
        raise Conflict("this was paid already")
    amount: int = payment["amount_minor"]
    if of_visit and payment["currency"] == price["currency"]:
        amount = max(price["fee_minor"] - payment["covered_minor"], 0)
    if amount <= 0:
        raise Invalid({"appointmentId": "there is nothing to pay"})
    if amount != payment["amount_minor"]:
        await session.update(Payment, payment["id"], amount_minor=amount)
    return amount


def _expires_at(now: datetime, gateway: PaymentGateway, appointment: Record) -> datetime:
    """When a booking that waits for its payment runs out, as far as the gateway's sessions can last so long."""
    wanted = appointment["pay_by"] if appointment["awaits_payment"] else now + USUAL_LIFE
    life = gateway.session_life
    expires_at: datetime = max(now + life.shortest, min(wanted, now + life.longest))
    return expires_at
