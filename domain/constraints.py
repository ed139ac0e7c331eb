"""What PostgreSQL refuses, as refusals: the last word of each rule, whoever writes and however fast.

The rules check first, under locks, to say more; these speak when something came between.
"""

import asyncpg

from domain.refusal import Conflict, ErrorCode, Refusal
from domain.scheduling.refusals import DailyLimitReached, PatientOverlap, SlotOverlap, SlotUnavailable


class EmailAlreadyRegistered(Refusal):
    code = ErrorCode.EMAIL_ALREADY_REGISTERED
    message = "this email address is already registered"


class LicenceTaken(Conflict):
    message = "another doctor has this licence number"


class AlreadyADoctor(Conflict):
    message = "this user has a doctor's profile already"


REFUSED_BY: dict[str, type[Refusal]] = {
    "slots_seats_within_capacity": SlotUnavailable,
    "slots_of_a_doctor_do_not_overlap": SlotOverlap,
    "appointments_of_a_patient_do_not_overlap": PatientOverlap,
    "doctor_days_within_daily_limit": DailyLimitReached,
    "users_email_key": EmailAlreadyRegistered,
    "doctors_licence_number_key": LicenceTaken,
    "doctors_user_id_key": AlreadyADoctor,
}


def refusal_of(error: asyncpg.IntegrityConstraintViolationError) -> Refusal | None:
    """The refusal that a violated constraint means; None: it should never have come to this, and is a bug."""
    refusal = REFUSED_BY.get(getattr(error, "constraint_name", None) or "")
    return None if refusal is None else refusal()
