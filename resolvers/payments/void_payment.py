"""voidPayment."""

import strawberry

from domain.payments.capture_payment import void_payment
from domain.session import Session
from gateways.payments import PaymentGateway
from resolvers.payments.gateway_mutation import gateway_mutation
from schema.answers import Answer, id_in
from schema.context import Context
from schema.directives import requires
from schema.payments.payment_answers import PaymentInput, PaymentPayload


@strawberry.input(description="Which held payment to let go.")
class VoidPaymentInput(PaymentInput):
    pass


@strawberry.type(description="What letting held money go answers.")
class VoidPaymentPayload(PaymentPayload):
    pass


async def run(session: Session, context: Context, gateway: PaymentGateway, input: VoidPaymentInput) -> Answer:  # noqa: ARG001
    payment_id = id_in("Payment", input.payment_id, "paymentId")
    return Answer(payment_id=payment_id, request_id=await void_payment(session, gateway, payment_id))


@strawberry.type
class VoidPayment:
    void_payment: VoidPaymentPayload | None = gateway_mutation(
        run, "Lets money go that is held. For the clinic's own people.", guard=requires("payment:write")
    )
