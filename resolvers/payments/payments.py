"""Finding payments and payouts."""

import strawberry

from loaders.payments.payments import PaymentById
from resolvers.lookups import lookup
from schema.directives import requires
from schema.fields import relation
from schema.paging import Connection
from schema.payments.payments import Payment
from schema.payments.payouts import Payout, payouts_of


@strawberry.type
class PaymentQueries:
    payment: Payment | None = lookup(PaymentById, "Payment", "A payment, by id.", guard=requires("payment:read"))
    payouts: Connection[Payout] | None = relation(
        payouts_of(None), None, "The payouts that the viewer may see.", guard=requires("payout:read")
    )
