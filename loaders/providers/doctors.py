"""Questions about doctors."""

from sqlalchemy import ARRAY, BigInteger, ColumnElement, String, Text, any_, func, select
from sqlalchemy.dialects.postgresql import array

from loaders.entities import DOCTOR, USER
from loaders.pages import Order, Pages
from loaders.places import in_city, near
from loaders.providers.clinics import AFFILIATIONS, CLINICS
from loaders.providers.standing import (
    last_login,
    licence_expired,
    licence_expiring,
    licence_missing,
    load,
    without_slots,
)
from loaders.rows import RowBy
from loaders.words import has_words
from models.statement import parameter

DOCTORS, USERS = DOCTOR.table, USER.table


class DoctorById(RowBy):
    entity = DOCTOR


class DoctorOfUser(RowBy):
    entity = DOCTOR
    column = "user_id"


def has_specialty() -> ColumnElement[bool]:
    """Of the specialty named by the parameter, whatever its case."""
    return func.lower(DOCTORS.c.specialty) == func.lower(parameter("specialty", Text()))


def speaks() -> ColumnElement[bool]:
    """Speaks the language of the parameter (BCP 47, lower case)."""
    return DOCTORS.c.languages.contains(array([parameter("language", String())]))


def within_fee() -> ColumnElement[bool]:
    """Asks at most `max_fee` minor units of `currency`."""
    return (DOCTORS.c.consultation_fee_minor <= parameter("max_fee", BigInteger())) & (
        DOCTORS.c.currency == parameter("currency", Text())
    )


def _works_where(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    places = AFFILIATIONS.join(CLINICS, CLINICS.c.id == AFFILIATIONS.c.clinic_id)
    here = select(AFFILIATIONS.c.doctor_id).select_from(places).where(AFFILIATIONS.c.ended_at.is_(None), *conditions)
    # A parent's id is the outer statement's: by itself it would become a list of all parents, inside.
    return DOCTORS.c.id.in_(here.correlate_except(AFFILIATIONS, CLINICS))


class DoctorPages(Pages):
    """Doctors by what they do, speak, ask for, and where they work."""

    entity = DOCTOR
    source = DOCTORS.join(USERS, USERS.c.id == DOCTORS.c.user_id)
    conditions = {
        "specialty": has_specialty,
        "language": speaks,
        "max_fee": within_fee,
        "clinic_id": lambda: _works_where(AFFILIATIONS.c.clinic_id == parameter("clinic_id", BigInteger())),
        "city": lambda: _works_where(in_city(CLINICS)),
        "near": lambda: _works_where(near(CLINICS)),
        "search": lambda: has_words(USERS.c.name),
        "statuses": lambda: DOCTORS.c.status == any_(parameter("statuses", ARRAY(Text))),
        "licence_missing": licence_missing,
        "licence_expired": licence_expired,
        "licence_expiring": licence_expiring,
        "without_slots": lambda: without_slots(DOCTORS.c.id, "doctor_id"),
    }
    steady = frozenset({"specialty", "clinic_id"})
    parents = {"clinic": lambda clinic_id: _works_where(AFFILIATIONS.c.clinic_id == clinic_id)}


BY_REGISTRATION = Order("doctors", (DOCTORS.c.id,))
BY_NAME = Order("doctors-name", (USERS.c.name, DOCTORS.c.id))
BY_FEE = Order("doctors-fee", (DOCTORS.c.consultation_fee_minor, DOCTORS.c.id))
BY_LOAD = Order("doctors-load", (load(DOCTORS.c.id, "doctor_id"), DOCTORS.c.id), descending=True)
BY_LAST_LOGIN = Order("doctors-last-login", (last_login(USERS), DOCTORS.c.id), descending=True)
BY_EXPERIENCE = Order("doctors-experience", (DOCTORS.c.years_of_experience, DOCTORS.c.id), descending=True)
