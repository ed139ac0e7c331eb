"""capturePayment."""

import strawberry

from domain.payments.capture_payment import capture_payment
from domain.session import Session
from gateways.payments import PaymentGateway
from resolvers.payments.gateway_mutation import gateway_mutation
from schema.answers import Answer, id_in
from schema.context import Context
from schema.directives import requires
from schema.fields import described
from schema.payments.money import MoneyInput
from schema.payments.payment_answers import PaymentInput, PaymentPayload, fee_in


@strawberry.input(description="Which held payment to take.")
class CapturePaymentInput(PaymentInput):
    amount: MoneyInput | None = described("How much of it; all, if not given. The rest is let go.", default=None)


@strawberry.type(description="What taking held money answers.")
class CapturePaymentPayload(PaymentPayload):
    pass


async def run(session: Session, context: Context, gateway: PaymentGateway, input: CapturePaymentInput) -> Answer:  # noqa: ARG001
    payment_id = id_in("Payment", input.payment_id, "paymentId")
    return Answer(
        payment_id=payment_id,
        request_id=await capture_payment(session, gateway, payment_id, fee_in(input.amount)),
    )


@strawberry.type
class CapturePayment:
    capture_payment: CapturePaymentPayload | None = gateway_mutation(
        run, "Takes money that is held. For the clinic's own people.", guard=requires("payment:write")
    )
