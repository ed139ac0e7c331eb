"""What is to be kept of a payment, and what goes back by itself.

A visit that takes place is owed what was asked for it; of one that was called off only `kept_minor` is kept, which is
a fee for being late. All beyond that is the patient's: it is refunded by itself, and money that is only held is let go.
"""

from asyncpg import Record

from domain.payments.ask_gateway import ask_gateway
from domain.payments.ledger import books_of_payment, post_payment
from domain.scheduling.rows import Row
from domain.session import Session
from models.enums import GatewayRequestKind, PaymentKind, PaymentStatus

OF_APPOINTMENT = "SELECT * FROM payments WHERE appointment_id = $1 AND kind = 'VISIT' FOR NO KEY UPDATE"
RETURNED = """
SELECT coalesce(sum(amount_minor) FILTER (WHERE kind = 'REFUND' AND status IN ('OPEN', 'DONE')), 0)::bigint AS asked,
       coalesce(sum(amount_minor) FILTER (WHERE kind = 'REFUND' AND is_automatic AND status IN ('DECLINED', 'REFUSED')),
                0)::bigint AS failed,
       coalesce(bool_or(kind IN ('VOID', 'CAPTURE') AND status = 'OPEN' OR kind = 'VOID' AND status = 'DONE'), false)
         AS lets_go,
       (SELECT coalesce(sum(amount_minor), 0)::bigint FROM payment_events
        WHERE payment_id = $1 AND kind = 'REFUNDED' AND by_hand) AS by_hand
FROM gateway_requests WHERE payment_id = $1
"""


async def return_money(session: Session, appointment: Record) -> None:
    """After a locked appointment was called off: what was paid for the visit and is not kept goes back."""
    for payment in await session.run(OF_APPOINTMENT, appointment["id"]):
        await balance_payment(session, payment, appointment, called_off=True)


async def move_earnings(session: Session, appointment: Record, doctor_id: int) -> None:
    """After a locked appointment was moved to another doctor: what was earned with it is hers."""
    for payment in await session.run(OF_APPOINTMENT, appointment["id"]):
        await balance_payment(session, payment, {"doctor_id": doctor_id}, called_off=False)


async def set_against(session: Session, appointment: Record, fee_minor: int, currency: str) -> tuple[int, int | None]:
    """Sets a fee against what was paid for the visit of a locked appointment.

    Returns how much of the fee that covers, in minor units, and the payment; 0 and None if nothing was paid.
    """
    for payment in await session.run(OF_APPOINTMENT, appointment["id"]):
        if payment["captured_minor"] and payment["currency"] == currency:
            left = min(await left_of(session, payment), payment["amount_minor"])
            return min(fee_minor, max(left, 0)), payment["id"]
    return 0, None


async def left_of(session: Session, payment: Record) -> int:
    """How much of a locked payment could be given back: neither on its way back nor back already."""
    (row,) = await session.run(RETURNED, payment["id"])
    captured: int = payment["captured_minor"]
    gone: int = max(payment["refunded_minor"], row["asked"] + row["by_hand"])
    return captured - gone


async def balance_payment(session: Session, payment: Record, appointment: Row, *, called_off: bool) -> None:
    """Writes the books of a locked payment, and asks for what is to go back. Twice does no more than once."""
    of_visit = payment["kind"] == PaymentKind.VISIT
    earnable: int = payment["kept_minor"] if called_off and of_visit else payment["amount_minor"]
    captured: int = payment["captured_minor"]
    if captured:
        books = books_of_payment(
            appointment["doctor_id"], captured=captured, refunded=payment["refunded_minor"], earnable=earnable
        )
        await post_payment(session, payment["id"], payment["currency"], books, f"Payment {payment['id']}")
    elif not (called_off and of_visit and payment["status"] == PaymentStatus.AUTHORIZED):
        return
    if payment["gateway_reference"] is None:
        return
    (row,) = await session.run(RETURNED, payment["id"])
    at = {"gateway": payment["gateway"], "reference": payment["gateway_reference"], "is_automatic": True}
    if not captured:
        if not row["lets_go"]:
            await ask_gateway(session, payment, GatewayRequestKind.VOID, **at)
        return
    # A refund that the gateway or a bank would not take is for people to look at: asked again, it would fail again.
    gone = max(payment["refunded_minor"], row["asked"] + row["by_hand"]) + row["failed"]
    if (due := captured - earnable - gone) > 0:
        paid_twice = captured > payment["amount_minor"] and due <= captured - payment["amount_minor"]
        await ask_gateway(session, payment, GatewayRequestKind.REFUND, amount_minor=due, is_duplicate=paid_twice, **at)
