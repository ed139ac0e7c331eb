"""A guardian who answers for somebody no more."""

from typing import Any

from domain.fields import Fields
from domain.patients.care import is_own, lock_patient
from domain.patients.coming_of_age import is_answered_for
from domain.refusal import Conflict, Forbidden, Invalid
from domain.scheduling.cancel_appointment import cancel_as_viewer
from domain.scheduling.offer_seat import offer_seat
from domain.scheduling.seats import lock_slots
from domain.session import Session
from models import Patient

SHOWN = 100
"""Appointments that an answer lists; it counts all."""

SLOTS = """
SELECT slot_id FROM appointments
WHERE patient_id = $1 AND starts_at > $2 AND status IN ('PENDING', 'CONFIRMED', 'CHECKED_IN')
"""
AHEAD = """
SELECT * FROM appointments
WHERE patient_id = $1 AND starts_at > $2 AND status IN ('PENDING', 'CONFIRMED', 'CHECKED_IN')
ORDER BY id FOR NO KEY UPDATE
"""
WAITS_NO_MORE = (
    "UPDATE waitlist_entries SET status = 'LEFT', updated_at = $2 WHERE patient_id = $1 AND status = 'WAITING'"
)


async def remove_dependant(session: Session, patient_id: int, reason: str | None, *, cancels: bool) -> dict[str, Any]:
    """From now on her guardian neither sees nor books for her; her record is kept for those who treat her. What she
    has ahead is cancelled, each as `cancel_appointment` does it for the viewer, or stands in the way. A seat that she
    is offered lapses at its deadline.

    Returns the ids of the patient and her guardian, and what she had ahead. For the guardian, and those who see
    everything. Raises NotFound, Forbidden, Invalid, Conflict, and what cancelling is refused for.
    """
    fields = Fields()
    reason = fields.reason(reason)
    fields.check()
    patient = await lock_patient(session, patient_id)
    if not session.viewer.sight.everything and (
        patient["id"] == session.viewer.patient_id or not is_own(session, patient)
    ):
        raise Forbidden("this is for her guardian")
    if not is_answered_for(patient, session.now):
        raise Conflict("nobody answers for her", field="patientId")
    # Whoever books for her locks her first: there is nothing to come between.
    slots = [row["slot_id"] for row in await session.run(SLOTS, patient_id, session.now)]
    if slots:
        await lock_slots(session, slots)
    ahead = await session.run(AHEAD, patient_id, session.now)
    answered = {
        "guardian_id": patient["guardian_id"],
        "affected_count": len(ahead),
        "affected_ids": [row["id"] for row in ahead[:SHOWN]],
    }
    if ahead and not cancels:
        raise Conflict("she has appointments to come", field="cancelAppointments", beside=answered)
    if ahead and reason is None:
        raise Invalid({"reason": "say why: those whose appointments are cancelled will read it"})
    for appointment in ahead:
        await cancel_as_viewer(session, appointment, reason or "")
    await session.run(WAITS_NO_MORE, patient_id, session.now)
    for appointment in ahead:
        await offer_seat(session, appointment["slot_id"], given_up_by=patient_id)
    await session.update(Patient, patient_id, of_age_at=session.now)
    session.audit("Patient", patient_id, patient_id=patient_id, reason=reason)
    session.emit("patient.updated", "Patient", patient_id, patient_id=patient_id, guardian_id=None)
    return answered
