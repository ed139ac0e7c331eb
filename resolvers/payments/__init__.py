"""Money."""

import strawberry

from resolvers.payments.capture_payment import CapturePayment
from resolvers.payments.create_payment_session import CreatePaymentSession
from resolvers.payments.generate_payouts import GeneratePayouts
from resolvers.payments.refund_payment import RefundPayment
from resolvers.payments.void_payment import VoidPayment


@strawberry.type
class PaymentMutations(CapturePayment, CreatePaymentSession, GeneratePayouts, RefundPayment, VoidPayment):
    pass
