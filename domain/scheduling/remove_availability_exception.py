"""A day that is like any other after all."""

from domain.refusal import NotFound
from domain.scheduling.schedules import check_may_plan, lock_schedule
from domain.session import Session
from models import AvailabilityException


async def remove_availability_exception(session: Session, exception_id: int) -> int:
    """Removes an exception; returns its doctor's id. The slots follow with the next generation.

    Raises NotFound, Forbidden.
    """
    try:
        found = await session.find(AvailabilityException, exception_id)
        check_may_plan(session.viewer, found["doctor_id"], found["clinic_id"])
        await lock_schedule(session, found["doctor_id"])
        await session.lock(AvailabilityException, exception_id)
    except NotFound:
        raise NotFound("there is no such exception", field="id") from None
    await session.run("DELETE FROM availability_exceptions WHERE id = $1", exception_id)
    session.audit("AvailabilityException", exception_id)
    return int(found["doctor_id"])
