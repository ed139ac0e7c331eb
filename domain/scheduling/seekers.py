"""Who may take a seat, where, for whom."""

from asyncpg import Record

from domain.patients.care import is_own
from domain.refusal import Forbidden, Invalid, NotFound
from domain.session import Session
from models import Patient

SEATED = "SELECT id, guardian_id, of_age_at FROM patients WHERE id = $1 FOR NO KEY UPDATE"


async def lock_patient(session: Session, patient_id: int | None, field: str = "patientId") -> Record:
    """The patient who is to have a seat: the viewer herself where none is named. `field` named her.

    Locked, because two of her bookings at once could each pass the other by. Raises Invalid, NotFound.
    """
    wanted = session.viewer.patient_id if patient_id is None else patient_id
    if wanted is None:
        raise Invalid({field: "say for which patient"})
    try:
        patient = await session.lock(Patient, wanted)
    except NotFound:
        raise NotFound("there is no such patient", field=field) from None
    if patient["status"] == "INACTIVE":
        raise Invalid({field: "this patient is no longer in care"})
    return patient


async def lock_seated(session: Session, patient_id: int) -> Record:
    """Locks the patient of an appointment that the viewer was found to see."""
    (patient,) = await session.run(SEATED, patient_id)
    return patient


def check_may_seat(session: Session, patient: Record, doctor_id: int, clinic_id: int) -> bool:
    """Patients take seats for themselves and their dependants, doctors give those of their own slots, staff those of
    their clinics.

    Whether it is the clinic's own people who act, not held by what its policy asks of patients. Raises Forbidden.
    """
    viewer, own = session.viewer, is_own(session, patient)
    by_clinic = doctor_id == viewer.doctor_id or clinic_id in viewer.clinic_ids
    if by_clinic or viewer.sight.everything or own:
        return by_clinic and not own
    raise Forbidden("this slot is neither yours nor of a clinic that you work for")
