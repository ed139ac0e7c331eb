"""refundPayment."""

import strawberry

from domain.payments.refund_payment import refund_payment
from domain.session import Session
from gateways.payments import PaymentGateway
from resolvers.payments.gateway_mutation import gateway_mutation
from schema.answers import Answer, id_in
from schema.context import Context
from schema.directives import requires
from schema.fields import described
from schema.payments.money import MoneyInput
from schema.payments.payment_answers import PaymentInput, PaymentPayload, fee_in


@strawberry.input(description="What to give back, and why.")
class RefundPaymentInput(PaymentInput):
    amount: MoneyInput | None = described("How much; all that is left, if not given.", default=None)
    reason: str = described("Why; it stays with us, the gateway does not get it.")


@strawberry.type(description="What giving back answers.")
class RefundPaymentPayload(PaymentPayload):
    pass


async def run(session: Session, context: Context, gateway: PaymentGateway, input: RefundPaymentInput) -> Answer:  # noqa: ARG001
    payment_id = id_in("Payment", input.payment_id, "paymentId")
    request_id = await refund_payment(session, gateway, payment_id, fee_in(input.amount), input.reason)
    return Answer(payment_id=payment_id, request_id=request_id)


@strawberry.type
class RefundPayment:
    refund_payment: RefundPaymentPayload | None = gateway_mutation(
        run,
        "Gives captured money back, all or part of it. For the clinic's own people, who have signed in within the last "
        "15 minutes: otherwise UNAUTHENTICATED, with the reason `insufficient_user_authentication` and `maxAge`.",
        guard=requires("payment:refund"),
    )
