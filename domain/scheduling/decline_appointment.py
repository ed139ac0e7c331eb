"""No, not here or not then."""

from domain.scheduling.offer_seat import offer_seat
from domain.scheduling.steps import StepName
from domain.scheduling.take_step import take_step
from domain.session import Session


async def decline_appointment(session: Session, appointment_id: int, reason: str) -> int:
    """The clinic does not accept a booking: PENDING to DECLINED. Its seat is free again.

    Raises what `take_step` raises.
    """
    appointment = await take_step(session, appointment_id, StepName.DECLINE, reason)
    await offer_seat(session, appointment["slot_id"])
    return appointment_id
