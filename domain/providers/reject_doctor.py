"""Rejecting a doctor who has applied."""

from domain.fields import Fields
from domain.providers.credential_fields import check_review_reason
from domain.providers.licences import decide_licences
from domain.providers.review_doctor import lock_reviewed
from domain.refusal import Conflict
from domain.session import Session
from models import Doctor
from models.enums import CredentialStatus, DoctorStatus


async def reject_doctor(session: Session, doctor_id: int, reason: str, version: int | None) -> int:
    """She is not accepted, reads why, and may apply again. Returns her id.

    Raises NotFound, Forbidden for herself, Invalid, and Conflict for one who does not wait for review.
    """
    fields = Fields()
    why = check_review_reason(fields, reason, needed=True)
    fields.check()
    doctor = await lock_reviewed(session, doctor_id, version)
    if doctor["status"] != DoctorStatus.APPLIED:
        raise Conflict("she does not wait for review", field="doctorId", beside={"doctor_id": doctor_id})
    await decide_licences(session, doctor_id, CredentialStatus.REJECTED, why)
    await session.update(Doctor, doctor_id, status=DoctorStatus.REJECTED, review_reason=why)
    session.audit("Doctor", doctor_id, reason=why)
    return doctor_id
