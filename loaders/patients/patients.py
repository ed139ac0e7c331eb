"""Questions about patients."""

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Date, Text, any_, func, select

from loaders.entities import APPOINTMENT, PATIENT, USER
from loaders.pages import Order, Pages
from loaders.rows import RowBy
from loaders.statement import parameter
from loaders.words import has_words

PATIENTS, USERS, APPOINTMENTS = PATIENT.table, USER.table, APPOINTMENT.table


class PatientById(RowBy):
    entity = PATIENT


class PatientOfUser(RowBy):
    entity = PATIENT
    column = "user_id"


def _has_been(column: str) -> ColumnElement[bool]:
    seen = select(APPOINTMENTS.c.patient_id).where(APPOINTMENTS.c[column] == parameter(column, BigInteger()))
    return PATIENTS.c.id.in_(seen)


class PatientPages(Pages):
    """Patients by words of the name, email, date of birth, state, and where or with whom they have been."""

    entity = PATIENT
    source = PATIENTS.join(USERS, USERS.c.id == PATIENTS.c.user_id)
    conditions = {
        "search": lambda: has_words(USERS.c.name),
        "email": lambda: USERS.c.email == func.lower(parameter("email", Text())),
        "date_of_birth": lambda: PATIENTS.c.date_of_birth == parameter("date_of_birth", Date()),
        "statuses": lambda: PATIENTS.c.status == any_(parameter("statuses", ARRAY(Text))),
        "clinic_id": lambda: _has_been("clinic_id"),
        "doctor_id": lambda: _has_been("doctor_id"),
    }


BY_REGISTRATION = Order("patients", (PATIENTS.c.id,))
BY_NAME = Order("patients-name", (USERS.c.name, PATIENTS.c.id))
