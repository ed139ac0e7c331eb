"""What a viewer may see: one SQL expression per protected table, used by every loader and every locked select.

Each function takes the table (or an alias of it) and a sight, and returns a condition with the parameters that
`Viewer.parameters` gives, on slots also `now`. A row that the condition refuses answers like one that is not there.
"""

from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, ColumnElement, FromClause, any_, bindparam, exists, false, or_, select, true

from auth.viewer import Sight
from models import Appointment, Clinic, Doctor, DoctorClinic, Patient, Payment, Slot, User
from models.base import Instant
from models.slots import free_seats

# Aliases, because SQLAlchemy would take a table that the query around already has for the same row.
APPOINTMENT = Appointment.__table__.alias("seen_appointments")
AFFILIATION = DoctorClinic.__table__.alias("seen_affiliations")
DOCTOR = Doctor.__table__.alias("seen_doctors")
PATIENT = Patient.__table__.alias("seen_patients")

NOW = bindparam("now", type_=Instant)
USER_ID = bindparam("viewer_user_id", type_=BigInteger)
PATIENT_ID = bindparam("viewer_patient_id", type_=BigInteger)
DOCTOR_ID = bindparam("viewer_doctor_id", type_=BigInteger)
CLINIC_IDS = any_(bindparam("viewer_clinic_ids", type_=ARRAY(BigInteger)))


def _any(conditions: Iterable[tuple[bool, ColumnElement[bool]]]) -> ColumnElement[bool]:
    return or_(false(), *(condition for applies, condition in conditions if applies))


def _works_at(doctor_id: ColumnElement[int], clinic: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(AFFILIATION.c.doctor_id).where(AFFILIATION.c.doctor_id == doctor_id, clinic))


def _has_appointment(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(APPOINTMENT.c.id).where(*conditions))


def appointments(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """The patient's own, the doctor's own, the clinic's for its staff."""
    if sight.everything:
        return true()
    return _any(
        [
            (sight.as_patient, table.c.patient_id == PATIENT_ID),
            (sight.as_doctor, table.c.doctor_id == DOCTOR_ID),
            (sight.as_staff, table.c.clinic_id == CLINIC_IDS),
        ]
    )


def patients(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Oneself; those with an appointment (not cancelled or declined) with the doctor; those of the staff's clinics."""
    if sight.everything:
        return true()
    same = APPOINTMENT.c.patient_id == table.c.id
    return _any(
        [
            (sight.as_patient, table.c.id == PATIENT_ID),
            (sight.as_doctor, _has_appointment(same, APPOINTMENT.c.doctor_id == DOCTOR_ID, APPOINTMENT.c.keeps_seat)),
            (sight.as_staff, _has_appointment(same, APPOINTMENT.c.clinic_id == CLINIC_IDS)),
        ]
    )


def doctors(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Everybody sees the approved; the others are seen by themselves, their clinics and those they have treated."""
    if sight.everything:
        return true()
    treated = _has_appointment(APPOINTMENT.c.doctor_id == table.c.id, APPOINTMENT.c.patient_id == PATIENT_ID)
    return or_(
        table.c.status == "APPROVED",
        _any(
            [
                (sight.as_doctor, table.c.id == DOCTOR_ID),
                (sight.as_staff, _works_at(table.c.id, AFFILIATION.c.clinic_id == CLINIC_IDS)),
                (sight.as_patient, treated),
            ]
        ),
    )


def clinics(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Everybody sees the open ones; a closed one is seen by its staff, its doctors and its former patients."""
    if sight.everything:
        return true()
    here = AFFILIATION.c.clinic_id == table.c.id
    treated = _has_appointment(APPOINTMENT.c.clinic_id == table.c.id, APPOINTMENT.c.patient_id == PATIENT_ID)
    return or_(
        table.c.is_active,
        _any(
            [
                (sight.as_staff, table.c.id == CLINIC_IDS),
                (
                    sight.as_doctor,
                    exists(select(AFFILIATION.c.doctor_id).where(here, AFFILIATION.c.doctor_id == DOCTOR_ID)),
                ),
                (sight.as_patient, treated),
            ]
        ),
    )


def users(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Oneself, the people behind visible doctors and visible patients. What of them is shown: see `contacts`."""
    if sight.everything:
        return true()
    behind_doctor = exists(select(DOCTOR.c.id).where(DOCTOR.c.user_id == table.c.id, doctors(DOCTOR, sight)))
    return or_(behind_doctor, contacts(table, sight))


def contacts(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Whose email and phone are shown: one's own, those of visible patients, and to staff those of their doctors."""
    if sight.everything:
        return true()
    behind_patient = exists(select(PATIENT.c.id).where(PATIENT.c.user_id == table.c.id, patients(PATIENT, sight)))
    colleague = exists(
        select(DOCTOR.c.id).where(
            DOCTOR.c.user_id == table.c.id, _works_at(DOCTOR.c.id, AFFILIATION.c.clinic_id == CLINIC_IDS)
        )
    )
    return _any(
        [
            (sight.as_user, table.c.id == USER_ID),
            (sight.as_patient or sight.as_doctor or sight.as_staff, behind_patient),
            (sight.as_staff, colleague),
        ]
    )


def slots(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Everybody sees what is free; their doctor, their clinic's staff and those in them also the rest."""
    if sight.everything:
        return true()
    seated = _has_appointment(APPOINTMENT.c.slot_id == table.c.id, APPOINTMENT.c.patient_id == PATIENT_ID)
    return or_(
        table.c.is_active & (table.c.starts_at > NOW) & (free_seats(table, NOW) > 0),
        _any(
            [
                (sight.as_doctor, table.c.doctor_id == DOCTOR_ID),
                (sight.as_staff, table.c.clinic_id == CLINIC_IDS),
                (sight.as_patient, seated),
            ]
        ),
    )


def payments(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Those of visible appointments."""
    if sight.everything:
        return true()
    return _has_appointment(APPOINTMENT.c.id == table.c.appointment_id, appointments(APPOINTMENT, sight))


RULES = {
    Appointment.__table__: appointments,
    Patient.__table__: patients,
    Doctor.__table__: doctors,
    Clinic.__table__: clinics,
    User.__table__: users,
    Slot.__table__: slots,
    Payment.__table__: payments,
}
