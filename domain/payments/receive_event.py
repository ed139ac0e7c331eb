"""What a gateway says, taken up: the event is kept, and everything that follows from it is done with it.

A booking that waits for its payment is confirmed by it. Whether the payment was in time is decided by when it was
made, under the lock of the slot: made before `payBy`, it confirms the booking even if we hear of it later, as long as
nobody has let the seat go. Once the seat was given up, the money goes back by itself, also if the seat is still free:
nobody is booked again without being asked.
"""

from datetime import datetime

import orjson
from asyncpg import Record

from domain.payments.balance_payment import balance_payment
from domain.payments.payment_references import payment_id_of
from domain.payments.payment_state import PaymentFact, PaymentState, payment_state
from domain.refusal import Conflict
from domain.scheduling.record_steps import record_step
from domain.scheduling.rows import Row
from domain.scheduling.seats import lock_as_they_are
from domain.session import Session
from gateways.payments import GatewayEvent, PaymentReference
from models import Payment
from models.enums import FREES_SEAT, AppointmentStatus, PaymentEventKind, PaymentKind, PaymentStatus

PAID = "paid"

FIND = """
SELECT p.currency, p.gateway, a.id AS appointment_id, a.slot_id
FROM payments p JOIN appointments a ON a.id = p.appointment_id WHERE p.id = $1
"""
IS_KNOWN = "SELECT FROM payment_events WHERE provider = $1 AND event_id = $2"
KEEP = """
INSERT INTO payment_events
  (payment_id, provider, event_id, kind, amount_minor, by_hand, occurred_at, received_at, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb)
ON CONFLICT (provider, event_id) DO NOTHING RETURNING id
"""
LOCK = "SELECT * FROM appointments WHERE id = $1 FOR NO KEY UPDATE"
LOCK_PAYMENT = "SELECT * FROM payments WHERE id = $1 FOR NO KEY UPDATE"
FACTS = "SELECT provider, event_id, kind, amount_minor, occurred_at FROM payment_events WHERE payment_id = $1"
CLOSE = """
UPDATE payment_sessions SET closed_at = $3 WHERE payment_id = $1 AND reference = $2 AND closed_at IS NULL
"""


async def receive_event(session: Session, event: GatewayEvent, payment: PaymentReference | None) -> bool:
    """Keeps an event of a payment (None: of no payment of ours); whether it was new.

    The state of the payment is what all its events add up to, so their order does not matter, nor how often they come.
    Raises Conflict if the appointment is being moved this moment: then it is to be tried again.
    """
    if await session.run(IS_KNOWN, event.provider, event.event_id):
        return False
    payment_id = payment_id_of(payment)
    found = [] if payment_id is None else await session.run(FIND, payment_id)
    if payment_id is None or not found or not _is_of(event, found[0]):
        return await _keep(session, event, None)
    appointment = await _lock(session, found[0])
    (before,) = await session.run(LOCK_PAYMENT, payment_id)
    if not await _keep(session, event, payment_id):
        return False
    if event.kind is not PaymentEventKind.OTHER:
        await _take_up(session, event, before, appointment)
    return True


def _is_of(event: GatewayEvent, payment: Record) -> bool:
    """What another gateway or another currency says cannot be about this payment, whatever it calls it."""
    return payment["gateway"] in (None, event.provider) and event.currency in (None, payment["currency"])


async def _lock(session: Session, found: Record) -> Record:
    """The appointment, after its slot. What has run out in the slot is not released here: it may be paid just now."""
    await lock_as_they_are(session, [found["slot_id"]])
    (appointment,) = await session.run(LOCK, found["appointment_id"])
    if appointment["slot_id"] != found["slot_id"]:
        raise Conflict
    return appointment


async def _keep(session: Session, event: GatewayEvent, payment_id: int | None) -> bool:
    return bool(
        await session.run(
            KEEP,
            *(payment_id, event.provider, event.event_id, event.kind, event.amount_minor),
            *(event.payment is None, event.occurred_at, session.now, orjson.dumps(event.payload).decode()),
        )
    )


async def _take_up(session: Session, event: GatewayEvent, before: Record, appointment: Record) -> None:
    state = await _state(session, before["id"])
    if event.kind is PaymentEventKind.VOIDED and event.reference is not None:
        await session.run(CLOSE, before["id"], event.reference, session.now)
    await session.update(
        Payment,
        before["id"],
        status=state.status,
        captured_minor=state.captured_minor,
        refunded_minor=state.refunded_minor,
        captured_at=state.captured_at,
    )
    session.audit("Payment", before["id"], patient_id=appointment["patient_id"], reason=event.kind)
    if state.captured_minor > before["captured_minor"]:
        _announce(session, "payment.captured", before, appointment, state)
    elif event.kind is PaymentEventKind.FAILED and state.status is PaymentStatus.FAILED:
        _announce(session, "payment.failed", before, appointment, state)
    called_off = AppointmentStatus(appointment["status"]) in FREES_SEAT
    if before["kind"] == PaymentKind.VISIT and state.captured_at is not None and appointment["awaits_payment"]:
        called_off = not _is_in_time(session, appointment, state.captured_at)
        if not called_off:
            await record_step(session, appointment, AppointmentStatus.CONFIRMED, reason=PAID)
    (payment,) = await session.run(LOCK_PAYMENT, before["id"])
    await balance_payment(session, payment, appointment, called_off=called_off)


async def _state(session: Session, payment_id: int) -> PaymentState:
    return payment_state(
        PaymentFact(
            event_id=f"{row['provider']} {row['event_id']}",
            kind=PaymentEventKind(row["kind"]),
            amount_minor=row["amount_minor"],
            occurred_at=row["occurred_at"],
        )
        for row in await session.run(FACTS, payment_id)
    )


def _is_in_time(session: Session, appointment: Record, captured_at: datetime) -> bool:
    """Whether a booking was paid before its time was over. One that was not is left to who sweeps or wants the seat.

    A gateway's clock may be ahead of ours: what we hear of in time was made in time.
    """
    return bool(min(captured_at, session.now) < appointment["pay_by"])


def _announce(session: Session, name: str, payment: Row, appointment: Row, state: PaymentState) -> None:
    whose = {column: appointment[column] for column in ("patient_id", "doctor_id", "clinic_id")}
    about = {"payment_id": payment["id"], "appointment_id": appointment["id"], "status": state.status}
    session.emit(name, "Payment", payment["id"], **about, **whose)
