"""A patient who is to sign in herself."""

from domain.fields import Fields
from domain.identity.invited_users import invite_as_patient
from domain.patients.care import is_in_care, lock_patient
from domain.patients.coming_of_age import is_answered_for
from domain.refusal import Conflict, Forbidden
from domain.session import Session
from models import Patient


async def invite_patient(session: Session, patient_id: int, email: str) -> int:
    """Makes the user of a patient who has none, and has her invited; returns the patient's id.

    So does a dependant who has come of age, at a clinic that knows her. Not by the word of who was her guardian:
    whoever reads the mail reads an adult's record. Raises NotFound, Forbidden, Invalid, Conflict,
    EmailAlreadyRegistered.
    """
    patient = await lock_patient(session, patient_id)
    if not is_in_care(session, patient):
        raise Forbidden("this is for the staff of her clinics")
    fields = Fields()
    address = fields.email(email)
    fields.check()
    if patient["user_id"] is not None:
        raise Conflict("she has a user already", field="patientId")
    if is_answered_for(patient, session.now):
        raise Conflict("her guardian answers for her until she is of age", field="patientId")
    user_id = await invite_as_patient(
        session, name=patient["name"], email=address, phone=patient["phone"], language=patient["language"]
    )
    # What a user says of herself stands with her user.
    await session.update(Patient, patient_id, user_id=user_id, phone=None, language=None)
    session.audit("Patient", patient_id, patient_id=patient_id)
    session.emit("patient.updated", "Patient", patient_id, patient_id=patient_id, user_id=user_id)
    return patient_id
