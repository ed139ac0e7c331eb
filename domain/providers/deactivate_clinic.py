"""Closing a clinic."""

from typing import Any

from domain.fields import Fields
from domain.providers.managing import check_administers, check_version, lock_clinic
from domain.providers.withdraw_slots import Reach, Seated, affected, withdraw_slots
from domain.session import Session
from models import Clinic


async def deactivate_clinic(
    session: Session, clinic_id: int, seated: Seated, reason: str | None, version: int | None, *, dry_run: bool
) -> dict[str, Any]:
    """It takes no bookings any more, and its slots to come are taken back; a dry run only says whom that concerns.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    fields = Fields()
    reason = fields.reason(reason)
    fields.check()
    check_administers(session)
    clinic = await lock_clinic(session, clinic_id)
    check_version(clinic, version, clinic_id=clinic_id)
    reach = Reach(clinic_id=clinic_id)
    if dry_run:
        return {"clinic_id": clinic_id, **await affected(session, reach)}
    if clinic["is_active"]:
        await session.update(Clinic, clinic_id, is_active=False)
    told = await withdraw_slots(session, reach, seated, reason)
    session.audit("Clinic", clinic_id, reason=reason)
    session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id, is_active=False)
    return {"clinic_id": clinic_id, **told}
