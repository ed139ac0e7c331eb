"""The visit has taken place."""

from domain.refusal import Forbidden, Invalid
from domain.scheduling.steps import Actor, StepName
from domain.scheduling.take_step import find_appointment, take_step
from domain.scheduling.transitions import actors
from domain.session import Session

LONGEST_NOTES = 20_000
NOTES_BY = frozenset({Actor.DOCTOR, Actor.ADMIN, Actor.SERVICE})


async def complete_visit(session: Session, appointment_id: int, notes: str | None) -> int:
    """The visit has taken place: IN_PROGRESS to COMPLETED, with the doctor's notes. Raises what `take_step` raises."""
    if notes is not None:
        if len(notes) > LONGEST_NOTES:
            raise Invalid({"notes": f"notes have at most {LONGEST_NOTES} characters"})
        appointment = await find_appointment(session, appointment_id)
        places = {"doctor_id": appointment["doctor_id"], "clinic_id": appointment["clinic_id"]}
        if not NOTES_BY & actors(session.viewer, is_own=False, **places):
            raise Forbidden("notes are the doctor's to write")
    changes = {} if notes is None else {"notes": notes}
    await take_step(session, appointment_id, StepName.COMPLETE, **changes)
    return appointment_id
