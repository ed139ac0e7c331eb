"""How a patient stands with the clinics."""

from domain.fields import Fields
from domain.patients.care import is_in_care, lock_patient
from domain.providers.managing import check_version
from domain.refusal import Forbidden
from domain.session import Session
from models import Patient
from models.enums import PatientStatus


async def set_patient_status(
    session: Session, patient_id: int, status: PatientStatus, reason: str | None, version: int | None
) -> int:
    """Says whether she is in care, and how; returns her id. For the staff of her clinics: not for herself.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    fields = Fields()
    reason = fields.reason(reason)
    fields.check()
    patient = await lock_patient(session, patient_id)
    if not is_in_care(session, patient):
        raise Forbidden("this is for the staff of her clinics")
    check_version(patient, version, patient_id=patient_id)
    if patient["status"] != status:
        await session.update(Patient, patient_id, status=status)
        session.audit("Patient", patient_id, patient_id=patient_id, reason=reason)
        session.emit("patient.updated", "Patient", patient_id, patient_id=patient_id, status=status)
    return patient_id
