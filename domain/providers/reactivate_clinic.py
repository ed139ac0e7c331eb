"""Opening a clinic again."""

from domain.providers.managing import check_administers, lock_clinic
from domain.session import Session
from models import Clinic


async def reactivate_clinic(session: Session, clinic_id: int) -> int:
    """It takes bookings again; slots that were taken back stay so. Returns its id. Raises NotFound, Forbidden."""
    check_administers(session)
    clinic = await lock_clinic(session, clinic_id)
    if not clinic["is_active"]:
        await session.update(Clinic, clinic_id, is_active=True)
        session.audit("Clinic", clinic_id)
        session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id, is_active=True)
    return clinic_id
