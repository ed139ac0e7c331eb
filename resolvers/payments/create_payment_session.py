"""createPaymentSession."""

import strawberry

from domain.payments.create_payment_session import create_payment_session
from domain.session import Session
from gateways.payments import PaymentGateway
from loaders.payments.sessions import CheckoutUrlOfSession, ClientTokenOfSession
from resolvers.payments.gateway_mutation import gateway_mutation
from schema.answers import Answer, id_in_or_none
from schema.context import Context
from schema.directives import requires
from schema.fields import described, relation
from schema.payments.payment_answers import CAPTURES, CaptureMode, PaymentPayload


@strawberry.input(description="What is to be paid: the visit of an appointment, or a payment that was asked for.")
class CreatePaymentSessionInput:
    appointment_id: strawberry.ID | None = described("The appointment whose visit is paid.", default=None)
    payment_id: strawberry.ID | None = described("Or any payment, such as a fee.", default=None)
    return_url: str | None = described("Where the patient goes afterwards; back to us, if not given.", default=None)
    capture: CaptureMode = described("When the money moves.", default=CaptureMode.AUTOMATIC)
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type(description="What asking for a place to pay answers.")
class CreatePaymentSessionPayload(PaymentPayload):
    client_token: str | None = relation(
        ClientTokenOfSession, "session_id", "For the gateway's own script in the patient's browser."
    )
    checkout_url: str | None = relation(CheckoutUrlOfSession, "session_id", "The page where the patient pays.")


async def run(session: Session, context: Context, gateway: PaymentGateway, input: CreatePaymentSessionInput) -> Answer:
    payment_id, session_id, request_id = await create_payment_session(
        session,
        gateway,
        appointment_id=id_in_or_none("Appointment", input.appointment_id, "appointmentId"),
        payment_id=id_in_or_none("Payment", input.payment_id, "paymentId"),
        return_url=f"{context.address}/" if input.return_url is None else input.return_url,
        capture=CAPTURES[input.capture],
    )
    return Answer(payment_id=payment_id, session_id=session_id, request_id=request_id)


@strawberry.type
class CreatePaymentSession:
    create_payment_session: CreatePaymentSessionPayload | None = gateway_mutation(
        run,
        "Opens a session at the payment gateway, in which the patient pays. While one is open on the same terms, it is "
        "the answer; another is closed first, so that nothing is paid twice.",
        guard=requires("payment:write"),
    )
