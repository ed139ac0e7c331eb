"""A day on which a clinic is open after all."""

from datetime import date

from domain.providers.managing import check_manages, lock_clinic
from domain.refusal import NotFound
from domain.session import Session

REMOVE = "DELETE FROM clinic_closures WHERE clinic_id = $1 AND day = $2 RETURNING day"


async def remove_closing_day(session: Session, clinic_id: int, day: date) -> int:
    """The clinic is open on this day; slots that were taken back stay so, and can be generated again.

    Returns the clinic's id. Raises NotFound, Forbidden.
    """
    await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    if not await session.run(REMOVE, clinic_id, day):
        raise NotFound("the clinic is not closed on this day", field="day")
    session.audit("Clinic", clinic_id)
    session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id, open_on=day.isoformat())
    return clinic_id
