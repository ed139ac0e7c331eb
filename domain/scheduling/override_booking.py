"""Booking or moving past the rules, with a stated reason; never past what must be impossible."""

from domain.recent_sign_in import check_recent_sign_in
from domain.refusal import Invalid
from domain.scheduling.book_appointment import book_appointment
from domain.scheduling.reasons import check_reason
from domain.scheduling.reschedule_appointment import reschedule_appointment
from domain.session import Session


async def override_booking(
    session: Session, *, slot_id: int, patient_id: int | None, appointment_id: int | None, reason: str
) -> int:
    """Books a slot for a patient, or moves an appointment there: notice, limits on moving and the daily limit do not
    count. Raises SignInTooOld, and what a booking is refused for besides.
    """
    check_recent_sign_in(session.viewer, session.now)
    if not reason.strip():
        raise Invalid({"reason": "say why: it is written down"})
    check_reason(reason)
    if patient_id is not None and appointment_id is not None:
        raise Invalid({"appointmentId": "name a patient or an appointment, and not both"})
    if appointment_id is not None:
        return await reschedule_appointment(
            session, appointment_id, slot_id=slot_id, hold_id=None, reason=reason, override_reason=reason
        )
    return await book_appointment(
        session, slot_id=slot_id, hold_id=None, patient_id=patient_id, reason=None, override_reason=reason
    )
