"""What mutations of a payment take and give."""

from enum import StrEnum

import strawberry

from domain.refusal import Invalid
from domain.scheduling.policy import Fee
from gateways.payments import Capture
from loaders.payments.payments import PaymentById
from schema.answers import Payload
from schema.enums import show
from schema.fields import described, relation
from schema.payments.money import MoneyInput
from schema.payments.payments import Payment


class CaptureMode(StrEnum):
    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"


show(
    CaptureMode,
    "When money moves.",
    AUTOMATIC="When the patient pays.",
    MANUAL="It is only held, until `capturePayment` takes it or `voidPayment` lets it go.",
)
CAPTURES = {CaptureMode.AUTOMATIC: Capture.AUTOMATIC, CaptureMode.MANUAL: Capture.MANUAL}


@strawberry.input
class PaymentInput:
    payment_id: strawberry.ID = described("The payment.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type
class PaymentPayload(Payload):
    payment: Payment | None = relation(
        PaymentById, "payment_id", "The payment as it is now. Its state follows when the gateway tells it."
    )


def fee_in(amount: MoneyInput | None) -> Fee | None:
    """An amount of an input. Raises Invalid for a currency that is none."""
    if amount is None:
        return None
    if len(amount.currency) != 3:
        raise Invalid({"amount": "a currency has three letters, such as USD"})
    return Fee(amount.amount, amount.currency)
