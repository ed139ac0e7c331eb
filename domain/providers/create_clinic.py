"""Opening a clinic."""

from collections.abc import Mapping
from typing import Any

from domain.providers.clinic_fields import checked_clinic
from domain.providers.managing import check_administers
from domain.session import Session
from models import Clinic


async def create_clinic(session: Session, given: Mapping[str, Any]) -> int:
    """Makes a clinic that may take bookings; returns its id. Raises Forbidden, Invalid."""
    check_administers(session)
    columns = checked_clinic(given)
    clinic_id = await session.insert(Clinic, **columns, created_at=session.now, updated_at=session.now)
    session.audit("Clinic", clinic_id)
    session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id)
    return clinic_id
