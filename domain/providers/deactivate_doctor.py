"""A doctor who offers no more slots."""

from typing import Any

from domain.fields import Fields
from domain.providers.managing import check_administers, check_version, lock_doctor
from domain.providers.withdraw_slots import Reach, Seated, affected, withdraw_slots
from domain.session import Session
from models import Doctor
from models.enums import DoctorStatus


async def deactivate_doctor(
    session: Session, doctor_id: int, seated: Seated, reason: str | None, version: int | None, *, dry_run: bool
) -> dict[str, Any]:
    """Her slots to come are taken back, and she can be approved again; a dry run only says whom that concerns.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    fields = Fields()
    reason = fields.reason(reason)
    fields.check()
    check_administers(session)
    doctor = await lock_doctor(session, doctor_id)
    check_version(doctor, version, doctor_id=doctor_id)
    reach = Reach(doctor_id=doctor_id)
    if dry_run:
        return {"doctor_id": doctor_id, **await affected(session, reach)}
    if doctor["status"] != DoctorStatus.INACTIVE:
        await session.update(Doctor, doctor_id, status=DoctorStatus.INACTIVE)
    told = await withdraw_slots(session, reach, seated, reason)
    session.audit("Doctor", doctor_id, reason=reason)
    return {"doctor_id": doctor_id, **told}
