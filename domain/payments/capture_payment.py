"""Money that is held: taken, or let go."""

from asyncpg import Record

from domain.payments.ask_gateway import ask_gateway
from domain.payments.lock_payment import check_by_clinic, lock_payment
from domain.refusal import Conflict, Invalid
from domain.scheduling.policy import Fee
from domain.scheduling.refusals import InvalidTransition
from domain.session import Session
from gateways.payments import PaymentGateway
from models.enums import GatewayRequestKind, PaymentStatus

UNDER_WAY = """
SELECT kind FROM gateway_requests
WHERE payment_id = $1 AND reference = $2 AND kind IN ('CAPTURE', 'VOID') AND status IN ('OPEN', 'DONE') LIMIT 1
"""


async def capture_payment(session: Session, gateway: PaymentGateway, payment_id: int, amount: Fee | None) -> int:
    """Asks the gateway to take held money, all or part of it; what is not taken is let go. Returns the request's id.

    Raises Invalid, NotFound, Forbidden, InvalidTransition if nothing is held, Conflict if it was asked already.
    """
    payment = await _held(session, gateway, payment_id)
    if amount is not None and amount.currency != payment["currency"]:
        raise Invalid({"amount": f"it was held in {payment['currency']}"})
    wanted = payment["amount_minor"] if amount is None else amount.amount_minor
    if not 0 < wanted <= payment["amount_minor"]:
        raise Invalid({"amount": f"from 1 to {payment['amount_minor']} minor units can be taken"})
    return await _ask(session, payment, GatewayRequestKind.CAPTURE, wanted)


async def void_payment(session: Session, gateway: PaymentGateway, payment_id: int) -> int:
    """Asks the gateway to let held money go; returns the request's id. Raises as `capture_payment`."""
    return await _ask(session, await _held(session, gateway, payment_id), GatewayRequestKind.VOID, None)


async def _held(session: Session, gateway: PaymentGateway, payment_id: int) -> Record:
    payment, appointment = await lock_payment(session, payment_id)
    check_by_clinic(session.viewer, appointment)
    if payment["status"] != PaymentStatus.AUTHORIZED:
        raise InvalidTransition(f"nothing is held: the payment is {payment['status']}", field="paymentId")
    if payment["gateway"] != gateway.provider or payment["gateway_reference"] is None:
        raise Conflict("it is not held at a gateway that is in use here", field="paymentId")
    if under_way := await session.run(UNDER_WAY, payment_id, payment["gateway_reference"]):
        raise Conflict(f"the gateway was asked already: {under_way[0]['kind']}", field="paymentId")
    session.audit("Payment", payment_id, patient_id=appointment["patient_id"])
    return payment


async def _ask(session: Session, payment: Record, kind: GatewayRequestKind, amount: int | None) -> int:
    return await ask_gateway(
        session,
        payment,
        kind,
        gateway=payment["gateway"],
        reference=payment["gateway_reference"],
        amount_minor=amount,
    )
