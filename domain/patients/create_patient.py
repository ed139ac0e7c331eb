"""Registering a patient at a clinic's desk."""

from collections.abc import Mapping
from typing import Any

from domain.fields import Fields
from domain.identity.invited_users import invite_as_patient
from domain.identity.people import find_clinic
from domain.patients.patient_fields import check_patient
from domain.refusal import Forbidden
from domain.session import Session
from models import Patient


async def create_patient(session: Session, clinic_id: int, email: str | None, given: Mapping[str, Any]) -> int:
    """Makes a patient whom the clinic's staff see from now on; with an address she is invited to sign in. Returns her
    id. Raises NotFound, Forbidden, Invalid, EmailAlreadyRegistered."""
    check_works_at(session, clinic_id)
    clinic = await find_clinic(session, clinic_id)
    fields = Fields()
    columns = check_patient(fields, given, session, clinic["country"])
    address = None if email is None else fields.email(email)
    fields.check()
    user_id = None
    if address is not None:
        user_id = await invite_as_patient(
            session,
            name=columns["name"],
            email=address,
            phone=columns.pop("phone", None),
            language=columns.pop("language", None),
        )
    patient_id = await session.insert(
        Patient,
        user_id=user_id,
        registered_at_clinic_id=clinic_id,
        **columns,
        created_at=session.now,
        updated_at=session.now,
    )
    session.audit("Patient", patient_id, patient_id=patient_id)
    session.emit("patient.created", "Patient", patient_id, patient_id=patient_id, clinic_id=clinic_id)
    return patient_id


def check_works_at(session: Session, clinic_id: int) -> None:
    """Raises Forbidden for all but the clinic's staff, and those who see everything."""
    if not session.viewer.sight.everything and clinic_id not in session.viewer.clinic_ids:
        raise Forbidden("you do not work for this clinic")
