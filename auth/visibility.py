"""What a viewer may see: one SQL expression per protected table, used by every loader and every locked select.

Each function takes the table (or an alias of it) and a sight, and returns a condition with the parameters that
`Viewer.parameters` gives, on slots also `now`. A row that the condition refuses answers like one that is not there.
"""

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    any_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)

from auth.viewer import Sight
from models import (
    Appointment,
    AuditRecord,
    AvailabilityException,
    AvailabilityTemplate,
    BrowserSession,
    Clinic,
    Credential,
    Doctor,
    DoctorClinic,
    Hold,
    Patient,
    Payment,
    Payout,
    Slot,
    Staff,
    User,
    WaitlistEntry,
    WaitlistOffer,
)
from models.base import Instant
from models.slots import free_seats

# Aliases, because SQLAlchemy would take a table that the query around already has for the same row.
APPOINTMENT = Appointment.__table__.alias("seen_appointments")
AFFILIATION = DoctorClinic.__table__.alias("seen_affiliations")
DOCTOR = Doctor.__table__.alias("seen_doctors")
ENTRY = WaitlistEntry.__table__.alias("seen_entries")
HOLD = Hold.__table__.alias("seen_holds")
PATIENT = Patient.__table__.alias("seen_patients")
COLLEAGUE = Staff.__table__.alias("seen_colleagues")
DEPENDANT = Patient.__table__.alias("seen_dependants")
STAFF = Staff.__table__.alias("seen_staff")

NOW = bindparam("now", type_=Instant)
USER_ID = bindparam("viewer_user_id", type_=BigInteger)
PATIENT_ID = bindparam("viewer_patient_id", type_=BigInteger)
DOCTOR_ID = bindparam("viewer_doctor_id", type_=BigInteger)
CLINIC_IDS = any_(bindparam("viewer_clinic_ids", type_=ARRAY(BigInteger)))


def _any(conditions: Iterable[tuple[bool, ColumnElement[bool]]]) -> ColumnElement[bool]:
    return or_(false(), *(condition for applies, condition in conditions if applies))


def _works_at(doctor_id: ColumnElement[int], clinic: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(AFFILIATION.c.doctor_id).where(AFFILIATION.c.doctor_id == doctor_id, clinic))


def _mine(patient_id: ColumnElement[int | None]) -> ColumnElement[bool]:
    """The viewer's own, or her dependant's until the day on which that one comes of age.

    Read once for the statement, so that an index on the patient still answers it.
    """
    hers = select(DEPENDANT.c.id).where(DEPENDANT.c.guardian_id == PATIENT_ID, DEPENDANT.c.of_age_at > NOW)
    return patient_id == any_(func.array(union_all(select(PATIENT_ID), hers).scalar_subquery()))


def _manages(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    ongoing = or_(STAFF.c.ended_at.is_(None), STAFF.c.ended_at > NOW)
    return exists(select(STAFF.c.id).where(STAFF.c.user_id == USER_ID, STAFF.c.role == "MANAGER", ongoing, *where))


def _has_appointment(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(APPOINTMENT.c.id).where(*conditions))


def appointments(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """The patient's own and her dependants', the doctor's own, the clinic's for its staff."""
    if sight.everything:
        return true()
    return _any(
        [
            (sight.as_patient, _mine(table.c.patient_id)),
            (sight.as_doctor, table.c.doctor_id == DOCTOR_ID),
            (sight.as_staff, table.c.clinic_id == CLINIC_IDS),
        ]
    )


def patients(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Oneself and one's dependants; those with an appointment (not cancelled or declined) with the doctor; those who
    had one at, or were registered by, the staff's clinics."""
    if sight.everything:
        return true()
    same = APPOINTMENT.c.patient_id == table.c.id
    return _any(
        [
            (sight.as_patient, _mine(table.c.id)),
            (sight.as_doctor, _has_appointment(same, APPOINTMENT.c.doctor_id == DOCTOR_ID, APPOINTMENT.c.keeps_seat)),
            (sight.as_staff, _has_appointment(same, APPOINTMENT.c.clinic_id == CLINIC_IDS)),
            (sight.as_staff, table.c.registered_at_clinic_id == CLINIC_IDS),
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
                (sight.as_user, table.c.user_id == USER_ID),
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
    """Whose email and phone are shown: one's own, those of visible patients, to staff those of their doctors, and to
    managers those of their staff."""
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
            (
                sight.as_staff,
                exists(select(COLLEAGUE.c.id).where(COLLEAGUE.c.user_id == table.c.id, staff(COLLEAGUE, sight))),
            ),
        ]
    )


def credentials(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """The doctor's own, and those of the doctors of the clinics that one manages."""
    if sight.everything:
        return true()
    own = exists(select(DOCTOR.c.id).where(DOCTOR.c.id == table.c.doctor_id, DOCTOR.c.user_id == USER_ID))
    here = AFFILIATION.c.ended_at.is_(None) & _manages(STAFF.c.clinic_id == AFFILIATION.c.clinic_id)
    return _any([(sight.as_user, own), (sight.as_staff, _works_at(table.c.doctor_id, here))])


def staff(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """One's own work, and that of everybody at the clinics that one manages."""
    if sight.everything:
        return true()
    managed = _manages(STAFF.c.clinic_id == table.c.clinic_id)
    return _any([(sight.as_user, table.c.user_id == USER_ID), (sight.as_staff, managed)])


def slots(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Everybody sees what is free; the rest too its doctor, its clinic's staff, and those who have or hold a seat."""
    if sight.everything:
        return true()
    seated = _has_appointment(APPOINTMENT.c.slot_id == table.c.id, _mine(APPOINTMENT.c.patient_id))
    live = (HOLD.c.slot_id == table.c.id, HOLD.c.released_at.is_(None), HOLD.c.expires_at > NOW)
    return or_(
        table.c.is_active & (table.c.starts_at > NOW) & (free_seats(table, NOW) > 0),
        _any(
            [
                (sight.as_doctor, table.c.doctor_id == DOCTOR_ID),
                (sight.as_staff, table.c.clinic_id == CLINIC_IDS),
                (sight.as_patient, seated),
                (sight.as_user, exists(select(HOLD.c.id).where(*live, holds(HOLD, sight)))),
            ]
        ),
    )


def holds(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Those made for oneself, and those one made for others."""
    if sight.everything:
        return true()
    return _any([(sight.as_patient, _mine(table.c.patient_id)), (sight.as_user, table.c.held_by_id == USER_ID)])


def waitlist_entries(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Those of visible patients."""
    if sight.everything:
        return true()
    return exists(select(PATIENT.c.id).where(PATIENT.c.id == table.c.patient_id, patients(PATIENT, sight)))


def waitlist_offers(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Those to visible entries."""
    if sight.everything:
        return true()
    return exists(select(ENTRY.c.id).where(ENTRY.c.id == table.c.entry_id, waitlist_entries(ENTRY, sight)))


def payments(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Those of visible appointments."""
    if sight.everything:
        return true()
    return _has_appointment(APPOINTMENT.c.id == table.c.appointment_id, appointments(APPOINTMENT, sight))


def account(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Whose state, sign-ins and version are shown: one's own."""
    return true() if sight.everything else _any([(sight.as_user, table.c.id == USER_ID)])


def audit_records(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """What happened to one's own record."""
    return true() if sight.everything else _any([(sight.as_patient, table.c.patient_id == PATIENT_ID)])


def browser_sessions(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """One's own, whatever else one may see."""
    return _any([(sight.as_user, table.c.user_id == USER_ID)])


def schedules(doctor_id: ColumnElement[int], clinic_id: ColumnElement[int], sight: Sight) -> ColumnElement[bool]:
    """One's own as a doctor; what happens at the clinics that one works for."""
    if sight.everything:
        return true()
    return _any([(sight.as_doctor, doctor_id == DOCTOR_ID), (sight.as_staff, clinic_id == CLINIC_IDS)])


def availability_templates(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Those of visible schedules; nobody sees one that was removed."""
    return table.c.removed_at.is_(None) & schedules(table.c.doctor_id, table.c.clinic_id, sight)


def availability_exceptions(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """Those of visible schedules; what counts for all of a doctor's clinics is seen by each where she works now."""
    if sight.everything:
        return true()
    works_now = AFFILIATION.c.ended_at.is_(None) | (AFFILIATION.c.ended_at > NOW)
    at_mine = _works_at(table.c.doctor_id, (AFFILIATION.c.clinic_id == CLINIC_IDS) & works_now)
    everywhere = _any([(sight.as_staff, table.c.clinic_id.is_(None) & at_mine)])
    return schedules(table.c.doctor_id, table.c.clinic_id, sight) | everywhere


def payouts(table: FromClause, sight: Sight) -> ColumnElement[bool]:
    """The doctor's own, and those of the doctors of the staff's clinics."""
    if sight.everything:
        return true()
    return _any(
        [
            (sight.as_doctor, table.c.doctor_id == DOCTOR_ID),
            (sight.as_staff, _works_at(table.c.doctor_id, AFFILIATION.c.clinic_id == CLINIC_IDS)),
        ]
    )


RULES = {
    Appointment.__table__: appointments,
    AuditRecord.__table__: audit_records,
    AvailabilityException.__table__: availability_exceptions,
    AvailabilityTemplate.__table__: availability_templates,
    BrowserSession.__table__: browser_sessions,
    Patient.__table__: patients,
    Doctor.__table__: doctors,
    Clinic.__table__: clinics,
    User.__table__: users,
    Slot.__table__: slots,
    Payment.__table__: payments,
    Payout.__table__: payouts,
    Hold.__table__: holds,
    Credential.__table__: credentials,
    Staff.__table__: staff,
    WaitlistEntry.__table__: waitlist_entries,
    WaitlistOffer.__table__: waitlist_offers,
}
