"""How patients are asked for."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import strawberry

from loaders.patients import patients
from loaders.patients.patients import PatientPages
from models.enums import PatientStatus
from schema.context import Info
from schema.enums import show
from schema.fields import described
from schema.node import read_id
from schema.paging import After, First, ask_pages
from schema.words import filter_text, search_words


class PatientOrder(StrEnum):
    REGISTRATION = "REGISTRATION"
    NAME = "NAME"


show(PatientOrder, "How patients are ordered.", REGISTRATION="Those who joined first, first.", NAME="By name.")
ORDERS = {PatientOrder.REGISTRATION: patients.BY_REGISTRATION, PatientOrder.NAME: patients.BY_NAME}


@strawberry.input(description="Which patients. All that is given must hold.")
class PatientFilter:
    search: str | None = described("Words of the name, or their beginnings.", default=None)
    email: str | None = described("With this address, whatever its case.", default=None)
    date_of_birth: date | None = described("Born on this day.", default=None)
    statuses: list[PatientStatus] | None = described("In one of these states.", default=None)
    clinic_id: strawberry.ID | None = described("Has or had an appointment at this clinic.", default=None)
    doctor_id: strawberry.ID | None = described("Has or had an appointment with this doctor.", default=None)


PatientsAsked = Annotated[PatientFilter | None, strawberry.argument(description="Which patients.")]
OrderAsked = Annotated[PatientOrder, strawberry.argument(description="In which order.")]


def ask_patients(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: PatientsAsked = None,
    order_by: OrderAsked = PatientOrder.REGISTRATION,
) -> PatientPages:
    """Asks for patients."""
    asked = filter or PatientFilter()
    conditions = {
        "search": search_words(asked.search),
        "email": filter_text("email", asked.email),
        "date_of_birth": asked.date_of_birth,
        "statuses": None if asked.statuses is None else tuple(asked.statuses),
        "clinic_id": asked.clinic_id and read_id("Clinic", asked.clinic_id),
        "doctor_id": asked.doctor_id and read_id("Doctor", asked.doctor_id),
    }
    return ask_pages(info, PatientPages, ORDERS[order_by], conditions, first=first, after=after)
