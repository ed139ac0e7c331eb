"""Changing a patient's record."""

from collections.abc import Mapping
from typing import Any

from asyncpg import Record

from domain.fields import Fields
from domain.patients.care import is_in_care, is_own, lock_patient
from domain.patients.coming_of_age import of_age_at, was_ended
from domain.patients.patient_fields import check_patient
from domain.providers.managing import check_version
from domain.refusal import Forbidden
from domain.session import Session
from models import Patient, User

OF_USER = ("name", "phone", "language")
COUNTRY = """
SELECT c.country, c.time_zone FROM clinics c WHERE c.id = coalesce($1::bigint, $2::bigint)
"""


async def update_patient(session: Session, patient_id: int, given: Mapping[str, Any], version: int) -> int:
    """Changes what was given; returns the patient's id. What a user says of herself is changed with her user; a day of
    birth that is known is corrected by staff alone. Raises NotFound, Forbidden, Invalid, Conflict."""
    patient = await lock_patient(session, patient_id)
    in_care = is_in_care(session, patient)
    if not in_care and not is_own(session, patient):
        raise Forbidden("this patient's record is for others to change")
    place = await session.run(COUNTRY, patient["of_age_clinic_id"], patient["registered_at_clinic_id"])
    fields = Fields()
    columns = check_patient(fields, given, session, place[0]["country"] if place else None)
    _check_birth(fields, columns, patient, in_care=in_care)
    fields.check()
    check_version(patient, version, patient_id=patient_id)
    if not columns:
        return patient_id
    if patient["guardian_id"] is not None and columns.get("date_of_birth") is not None:
        law = (place[0]["country"], place[0]["time_zone"])
        if not was_ended(patient, *law):
            columns["of_age_at"] = of_age_at(columns["date_of_birth"], *law)
    if patient["user_id"] is not None:
        of_user = {name: columns.pop(name) for name in OF_USER if name in columns}
        if of_user:
            await session.update(User, patient["user_id"], **of_user)
            session.audit("User", patient["user_id"], patient_id=patient_id)
    await session.update(Patient, patient_id, **columns)
    session.audit("Patient", patient_id, patient_id=patient_id)
    session.emit("patient.updated", "Patient", patient_id, patient_id=patient_id)
    return patient_id


def _check_birth(fields: Fields, columns: Mapping[str, Any], patient: Record, *, in_care: bool) -> None:
    if "date_of_birth" not in columns or columns["date_of_birth"] == patient["date_of_birth"]:
        return
    if patient["date_of_birth"] is not None and not in_care:
        fields["date_of_birth"] = "this is known already; the staff of a clinic can correct it"
    elif columns["date_of_birth"] is None and patient["guardian_id"] is not None:
        fields["date_of_birth"] = "a dependant has a day of birth"
