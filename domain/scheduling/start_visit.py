"""The visit begins."""

from domain.scheduling.steps import StepName
from domain.scheduling.take_step import take_step
from domain.session import Session


async def start_visit(session: Session, appointment_id: int) -> int:
    """The visit begins: CHECKED_IN to IN_PROGRESS. Raises what `take_step` raises."""
    await take_step(session, appointment_id, StepName.START)
    return appointment_id
