"""Somebody for whom a patient answers until she is of age."""

from collections.abc import Mapping
from typing import Any

from domain.fields import Fields
from domain.identity.people import find_clinic
from domain.patients.care import is_in_care, is_own, lock_patient
from domain.patients.coming_of_age import is_answered_for, of_age_at
from domain.patients.patient_fields import check_patient
from domain.refusal import Conflict, Forbidden, Invalid, NotFound
from domain.session import Session
from models import Patient

MOST = 30
COUNT = "SELECT count(*) FROM patients WHERE guardian_id = $1 AND of_age_at > $2"


async def add_dependant(session: Session, guardian_id: int | None, clinic_id: int, given: Mapping[str, Any]) -> int:
    """Makes a patient without a user, whose guardian sees and books for her; returns her id. She comes of age by the
    law of the clinic's country. The guardian is the viewer, or a patient whose record she looks after.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    wanted = session.viewer.patient_id if guardian_id is None else guardian_id
    if wanted is None:
        raise Invalid({"guardianId": "say whose dependant"})
    try:
        guardian = await lock_patient(session, wanted)
    except NotFound:
        raise NotFound("there is no such patient", field="guardianId") from None
    if guardian["id"] != session.viewer.patient_id and (is_own(session, guardian) or not is_in_care(session, guardian)):
        raise Forbidden("this patient's dependants are for others to name")
    if is_answered_for(guardian, session.now):
        raise Invalid({"guardianId": "a dependant answers for nobody"})
    clinic = await find_clinic(session, clinic_id)
    fields = Fields()
    columns = check_patient(fields, given, session, clinic["country"])
    fields.check()
    of_age = of_age_at(columns["date_of_birth"], clinic["country"], clinic["time_zone"])
    if of_age <= session.now:
        raise Invalid({"dateOfBirth": "she is of age: she registers herself"})
    ((dependants,),) = await session.run(COUNT, guardian["id"], session.now)
    if dependants >= MOST:
        raise Conflict(f"nobody has more than {MOST} dependants", field="guardianId")
    patient_id = await session.insert(
        Patient,
        guardian_id=guardian["id"],
        of_age_at=of_age,
        of_age_clinic_id=clinic_id,
        **columns,
        created_at=session.now,
        updated_at=session.now,
    )
    session.audit("Patient", patient_id, patient_id=patient_id)
    session.emit("patient.created", "Patient", patient_id, patient_id=patient_id, guardian_id=guardian["id"])
    return patient_id
