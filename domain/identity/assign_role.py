"""Giving a user a role."""

from domain.identity.people import lock_user
from domain.identity.roles import announce_role, check_place, grant_role
from domain.refusal import Invalid
from domain.session import Session
from models import Patient
from models.enums import Role

PROFILES = """
SELECT (SELECT id FROM doctors WHERE user_id = $1) AS doctor, (SELECT id FROM patients WHERE user_id = $1) AS patient
"""


async def assign_role(session: Session, user_id: int, role: Role, clinic_id: int | None) -> int:
    """Gives a role, STAFF and MANAGER for a clinic; a PATIENT gets a profile if she has none. Returns the user's id.

    What she has already stays as it is. Raises NotFound, and Invalid: a DOCTOR needs her profile first.
    """
    check_place(role, clinic_id)
    await lock_user(session, user_id)
    ((doctor, patient),) = await session.run(PROFILES, user_id)
    if role is Role.DOCTOR and doctor is None:
        raise Invalid({"role": "she has no doctor's profile: doctors are invited by inviteDoctor, or apply"})
    if not await grant_role(session, user_id, role, clinic_id):
        return user_id
    if role is Role.PATIENT and patient is None:
        patient = await session.insert(Patient, user_id=user_id, created_at=session.now, updated_at=session.now)
        session.audit("Patient", patient, patient_id=patient)
        session.emit("patient.created", "Patient", patient, patient_id=patient)
    session.audit("User", user_id, reason=role)
    announce_role(session, user_id, role, clinic_id, held=True)
    return user_id
