"""How the viewer stands to a patient."""

from asyncpg import Record

from domain.patients.coming_of_age import is_answered_for
from domain.refusal import NotFound
from domain.session import Session
from models import Patient


async def lock_patient(session: Session, patient_id: int) -> Record:
    """The patient, locked after her user. Raises NotFound."""
    try:
        found = await session.find(Patient, patient_id)
        if found["user_id"] is not None:
            await session.run("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", found["user_id"])
        return await session.lock(Patient, patient_id)
    except NotFound:
        raise NotFound("there is no such patient", field="patientId") from None


def is_own(session: Session, patient: Record) -> bool:
    """Whether it is the viewer herself, or a dependant of hers who is not of age."""
    mine = session.viewer.patient_id
    if mine is None or patient["id"] == mine:
        return mine is not None
    return bool(patient["guardian_id"] == mine) and is_answered_for(patient, session.now)


def is_in_care(session: Session, patient: Record) -> bool:
    """Whether the viewer looks after a visible patient's record as staff of her clinics do, or sees everything."""
    return session.viewer.sight.everything or (bool(session.viewer.clinic_ids) and not is_own(session, patient))
