"""A doctor who leaves a clinic."""

from typing import Any

from domain.fields import Fields
from domain.providers.managing import check_manages, lock_clinic, lock_doctor
from domain.providers.withdraw_slots import Reach, Seated, affected, withdraw_slots
from domain.refusal import NotFound
from domain.session import Session

WORKS = "SELECT true FROM doctor_clinics WHERE doctor_id = $1 AND clinic_id = $2 AND ended_at IS NULL FOR NO KEY UPDATE"
END = "UPDATE doctor_clinics SET ended_at = $3, updated_at = $3 WHERE doctor_id = $1 AND clinic_id = $2"


async def unlink_doctor_from_clinic(
    session: Session, doctor_id: int, clinic_id: int, seated: Seated, reason: str | None, *, dry_run: bool
) -> dict[str, Any]:
    """She works there no more, and her slots to come there are taken back; a dry run only says whom that concerns.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    fields = Fields()
    reason = fields.reason(reason)
    fields.check()
    await lock_clinic(session, clinic_id)
    await check_manages(session, clinic_id)
    await lock_doctor(session, doctor_id)
    if not await session.run(WORKS, doctor_id, clinic_id):
        raise NotFound("she does not work at this clinic", field="doctorId")
    reach = Reach(doctor_id=doctor_id, clinic_id=clinic_id)
    if dry_run:
        return {"doctor_id": doctor_id, "clinic_id": clinic_id, **await affected(session, reach)}
    await session.run(END, doctor_id, clinic_id, session.now)
    told = await withdraw_slots(session, reach, seated, reason)
    session.audit("Doctor", doctor_id, reason=reason)
    session.emit("clinic.updated", "Clinic", clinic_id, clinic_id=clinic_id, doctor_id=doctor_id)
    return {"doctor_id": doctor_id, "clinic_id": clinic_id, **told}
