"""Yes, come."""

from domain.scheduling.steps import StepName
from domain.scheduling.take_step import take_step
from domain.session import Session


async def confirm_appointment(session: Session, appointment_id: int) -> int:
    """The clinic accepts a booking: PENDING to CONFIRMED. Raises what `take_step` raises."""
    await take_step(session, appointment_id, StepName.CONFIRM)
    return appointment_id
