"""An event of a gateway, in a transaction of its own, however many others write at the same time."""

import asyncpg

from domain.payments.finish_request import Begin
from domain.payments.receive_event import receive_event
from domain.refusal import Conflict
from gateways.payments import GatewayEvent, PaymentGateway
from models.enums import PaymentEventKind

ATTEMPTS = 5
AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, Conflict)


async def take_up_event(begin: Begin, gateway: PaymentGateway, event: GatewayEvent) -> bool:
    """Keeps an event and does what follows from it; whether it was new. Twice does no more than once.

    Whose it is, if it does not say so, the gateway is asked before the transaction begins. Raises GatewayUnavailable,
    what asyncpg raises, and TimeoutError if others were always faster: it is then to be sent again.
    """
    payment = event.payment
    if payment is None and event.kind is not PaymentEventKind.OTHER:
        payment = await gateway.payment_of(event)
    for _ in range(ATTEMPTS):
        try:
            async with begin() as session:
                return await receive_event(session, event, payment)
        except AGAIN:
            continue
    raise TimeoutError("others were faster each time")
