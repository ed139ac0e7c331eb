"""Weekly hours that a doctor has no more."""

from domain.scheduling.set_availability_template import lock_template
from domain.session import Session
from models import AvailabilityTemplate


async def remove_availability_template(session: Session, template_id: int) -> int:
    """Removes a template; returns its doctor's id. Its unbooked slots go with the next generation.

    Raises NotFound, Forbidden.
    """
    template = await lock_template(session, template_id)
    await session.update(AvailabilityTemplate, template_id, removed_at=session.now)
    session.audit("AvailabilityTemplate", template_id)
    return int(template["doctor_id"])
