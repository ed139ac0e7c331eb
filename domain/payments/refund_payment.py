"""Giving money back."""

from domain.payments.ask_gateway import ask_gateway
from domain.payments.balance_payment import left_of
from domain.payments.lock_payment import check_by_clinic, lock_payment
from domain.payments.refusals import RefundExceedsPayment
from domain.recent_sign_in import check_recent_sign_in
from domain.refusal import Conflict, Invalid
from domain.scheduling.policy import Fee
from domain.session import Session
from gateways.payments import PaymentGateway
from models.enums import GatewayRequestKind

LONGEST_REASON = 2_000


async def refund_payment(
    session: Session, gateway: PaymentGateway, payment_id: int, amount: Fee | None, reason: str
) -> int:
    """Asks the gateway to give back an amount of a payment, or all that is left; returns the request's id.

    What is on its way back counts as given back. Raises SignInTooOld, Invalid, NotFound, Forbidden, Conflict and
    RefundExceedsPayment.
    """
    check_recent_sign_in(session.viewer, session.now)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid({"reason": f"say why, in at most {LONGEST_REASON} characters"})
    payment, appointment = await lock_payment(session, payment_id)
    check_by_clinic(session.viewer, appointment)
    left = await left_of(session, payment)
    wanted = left if amount is None else amount.amount_minor
    if amount is not None and amount.currency != payment["currency"]:
        raise Invalid({"amount": f"it was paid in {payment['currency']}"})
    if wanted <= 0 and amount is not None:
        raise Invalid({"amount": "it must be more than nothing"})
    if wanted > left or left <= 0:
        raise RefundExceedsPayment(f"{max(left, 0)} minor units are left of this payment", field="amount")
    if payment["gateway"] != gateway.provider or payment["gateway_reference"] is None:
        raise Conflict("it was not paid through a gateway that is in use here", field="paymentId")
    request_id = await ask_gateway(
        session,
        payment,
        GatewayRequestKind.REFUND,
        gateway=gateway.provider,
        reference=payment["gateway_reference"],
        amount_minor=wanted,
        reason=reason,
    )
    session.audit("Payment", payment_id, patient_id=appointment["patient_id"], reason=reason)
    return request_id
