"""The patient did not come."""

from domain.payments.balance_payment import set_against
from domain.scheduling.cancel_appointment import charge_fee
from domain.scheduling.policies import policy_of
from domain.scheduling.policy import no_show_fee
from domain.scheduling.steps import StepName
from domain.scheduling.take_step import take_step
from domain.session import Session
from models.enums import PaymentKind


async def mark_no_show(session: Session, appointment_id: int) -> int:
    """CONFIRMED to NO_SHOW, with the fee that the policy of the booking says, less what she has paid for the visit.

    What was paid for the visit stays paid. Raises what `take_step` raises.
    """
    appointment = await take_step(session, appointment_id, StepName.NO_SHOW)
    policy, currency = await policy_of(session, appointment)
    if (fee := no_show_fee(policy, currency=currency)) is not None:
        covered, _ = await set_against(session, appointment, fee.amount_minor, fee.currency)
        await charge_fee(session, appointment, PaymentKind.NO_SHOW_FEE, fee.amount_minor - covered, fee.currency)
    return appointment_id
