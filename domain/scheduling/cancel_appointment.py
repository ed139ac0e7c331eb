"""Calling a visit off."""

from asyncpg import Record

from domain.payments.balance_payment import set_against
from domain.scheduling.offer_seat import offer_seat
from domain.scheduling.policies import policy_of
from domain.scheduling.policy import cancellation_quote
from domain.scheduling.record_steps import record_step
from domain.scheduling.steps import Actor, StepName
from domain.scheduling.take_step import check, lock_appointment
from domain.session import Session
from models import Payment
from models.enums import AppointmentStatus, PaymentKind


async def cancel_appointment(session: Session, appointment_id: int, reason: str) -> int:
    """Cancels: the seat is free again, and offered to the first who waits for it.

    A patient who does it late owes what the policy of her booking says, which is kept of what she has paid; when the
    clinic's own people do it, all that was paid goes back.
    Raises NotFound, Conflict, and what `check_step` raises.
    """
    appointment = await lock_appointment(session, appointment_id)
    await cancel_as_viewer(session, appointment, reason)
    await offer_seat(session, appointment["slot_id"], given_up_by=appointment["patient_id"])
    return appointment_id


async def cancel_as_viewer(session: Session, appointment: Record, reason: str) -> None:
    """Cancels a locked appointment, if the viewer may, and as it costs her; the seat is not offered yet."""
    _, who = await check(session, appointment, StepName.CANCEL, reason)
    if who == {Actor.PATIENT}:
        await _charge(session, appointment)
    await cancel(session, appointment, reason)


async def cancel(session: Session, appointment: Record, reason: str) -> None:
    """Writes the end of a locked appointment down, whoever asked for it."""
    await record_step(
        session,
        appointment,
        AppointmentStatus.CANCELLED,
        reason=reason,
        cancelled_at=session.now,
        cancel_reason=reason,
    )


async def _charge(session: Session, appointment: Record) -> None:
    policy, currency = await policy_of(session, appointment)
    quote = cancellation_quote(
        policy,
        AppointmentStatus(appointment["status"]),
        start=appointment["starts_at"],
        now=session.now,
        currency=currency,
    )
    if quote.refusal is not None:
        raise quote.refusal
    if quote.fee is None:
        return
    fee, currency = quote.fee.amount_minor, quote.fee.currency
    covered, payment_id = await set_against(session, appointment, fee, currency)
    if payment_id is not None:
        await session.update(Payment, payment_id, kept_minor=covered)
    await charge_fee(session, appointment, PaymentKind.LATE_FEE, fee - covered, currency)


async def charge_fee(session: Session, appointment: Record, kind: PaymentKind, amount: int, currency: str) -> None:
    """Asks a patient for a fee, in minor units of a currency; for nothing, if it is none."""
    if amount <= 0:
        return
    payment_id = await session.insert(
        Payment,
        appointment_id=appointment["id"],
        kind=kind,
        amount_minor=amount,
        currency=currency,
        created_at=session.now,
    )
    session.audit("Payment", payment_id, patient_id=appointment["patient_id"])
