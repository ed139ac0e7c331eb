"""Approving a doctor."""

from domain.identity.roles import announce_role, grant_role
from domain.providers.licences import apply_licence, decide_licences, utc_day
from domain.providers.review_doctor import lock_reviewed
from domain.refusal import Conflict
from domain.session import Session
from models import Doctor
from models.enums import CredentialStatus, DoctorStatus, Role

USER = "SELECT user_id FROM doctors WHERE id = $1"


async def approve_doctor(session: Session, doctor_id: int, version: int | None) -> int:
    """She may offer slots, and has a doctor's role; the licence that she submitted is approved with her. So comes back
    who was rejected or deactivated. Returns her id.

    Raises NotFound, Forbidden for herself, and Conflict: approved already, or the licence has expired.
    """
    # Users are locked before doctors.
    if users := await session.run(USER, doctor_id):
        await session.run("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", users[0]["user_id"])
    doctor = await lock_reviewed(session, doctor_id, version)
    if doctor["status"] == DoctorStatus.APPROVED:
        raise Conflict("she is approved already", field="doctorId", beside={"doctor_id": doctor_id})
    await decide_licences(session, doctor_id, CredentialStatus.APPROVED, None)
    await apply_licence(session, doctor_id)
    (licence,) = await session.run("SELECT licence_expires_on FROM doctors WHERE id = $1", doctor_id)
    if licence[0] is not None and licence[0] <= utc_day(session.now):
        raise Conflict("her licence has expired: she submits a new one first", field="doctorId")
    await session.update(Doctor, doctor_id, status=DoctorStatus.APPROVED, approved_at=session.now, review_reason=None)
    if await grant_role(session, doctor["user_id"], Role.DOCTOR, None):
        announce_role(session, doctor["user_id"], Role.DOCTOR, None, held=True)
    session.audit("Doctor", doctor_id)
    session.emit("provider.approved", "Doctor", doctor_id, doctor_id=doctor_id)
    return doctor_id
