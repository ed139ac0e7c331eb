"""The patient is here."""

from domain.scheduling.steps import StepName
from domain.scheduling.take_step import take_step
from domain.session import Session


async def check_in(session: Session, appointment_id: int) -> int:
    """The patient has arrived: CONFIRMED to CHECKED_IN. Raises what `take_step` raises."""
    await take_step(session, appointment_id, StepName.CHECK_IN)
    return appointment_id
