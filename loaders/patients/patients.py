"""Questions about patients."""

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Date, Text, any_, func, select

from loaders.entities import APPOINTMENT, PATIENT, USER
from loaders.pages import Order, Pages
from loaders.rows import RowBy, RowsBy
from loaders.words import has_words
from models.statement import parameter

PATIENTS, USERS, APPOINTMENTS = PATIENT.table, USER.table, APPOINTMENT.table


class PatientById(RowBy):
    entity = PATIENT


class PatientOfUser(RowBy):
    entity = PATIENT
    column = "user_id"


class DependantsOfPatient(RowsBy):
    """Those for whom she answers or answered, as far as the viewer may see them."""

    entity = PATIENT
    column = "guardian_id"


def _has_been(column: str) -> ColumnElement[bool]:
    seen = select(APPOINTMENTS.c.patient_id).where(APPOINTMENTS.c[column] == parameter(column, BigInteger()))
    return PATIENTS.c.id.in_(seen)


class PatientPages(Pages):
    """Patients by words of the name, email, date of birth, state, and where or with whom they have been."""

    entity = PATIENT
    source = PATIENTS
    conditions = {
        "search": lambda: has_words(PATIENTS.c.name),
        "email": lambda: PATIENTS.c.user_id.in_(
            select(USERS.c.id).where(USERS.c.email == func.lower(parameter("email", Text())))
        ),
        "date_of_birth": lambda: PATIENTS.c.date_of_birth == parameter("date_of_birth", Date()),
        "statuses": lambda: PATIENTS.c.status == any_(parameter("statuses", ARRAY(Text))),
        "clinic_id": lambda: _has_been("clinic_id"),
        "doctor_id": lambda: _has_been("doctor_id"),
    }


BY_REGISTRATION = Order("patients", (PATIENTS.c.id,))
BY_NAME = Order("patients-name", (PATIENTS.c.name, PATIENTS.c.id))
