"""What is refused where money moves."""

from domain.refusal import ErrorCode, Refusal


class PaymentDeclined(Refusal):
    code = ErrorCode.PAYMENT_DECLINED
    message = "the gateway or the bank declined"


class RefundExceedsPayment(Refusal):
    code = ErrorCode.REFUND_EXCEEDS_PAYMENT
    message = "this is more than what is left of the payment"


class GatewayAway(Refusal):
    """The work stays noted, and is done once the gateway answers: the same key tells how it went."""

    code = ErrorCode.GATEWAY_UNAVAILABLE
    message = "the payment gateway does not answer now; ask again, with the same key"
    passing = True
