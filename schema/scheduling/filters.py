"""How slots and appointments are asked for."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from loaders.scheduling import appointments, slots
from loaders.scheduling.appointments import AppointmentPages
from loaders.scheduling.slots import NextSlotsOfDoctor, SlotPages
from models.enums import AppointmentStatus
from schema.context import Info
from schema.enums import show
from schema.errors import BadUserInput
from schema.fields import AsksLoader, described
from schema.node import read_id
from schema.paging import After, First, ask_pages
from schema.payments.money import MoneyInput
from schema.providers.filters import fee_values
from schema.providers.places import NearInput, near_values
from schema.words import filter_text

LARGEST_NEXT = 20
LARGEST_LIST = 100


class AppointmentOrder(StrEnum):
    EARLIEST_FIRST = "EARLIEST_FIRST"
    LATEST_FIRST = "LATEST_FIRST"
    NEWEST_FIRST = "NEWEST_FIRST"


show(
    AppointmentOrder,
    "How appointments are ordered.",
    EARLIEST_FIRST="By the time of the visit, the earliest first.",
    LATEST_FIRST="By the time of the visit, the latest first.",
    NEWEST_FIRST="By when they were booked, the newest first.",
)
ORDERS = {
    AppointmentOrder.EARLIEST_FIRST: appointments.EARLIEST_FIRST,
    AppointmentOrder.LATEST_FIRST: appointments.LATEST_FIRST,
    AppointmentOrder.NEWEST_FIRST: appointments.NEWEST_FIRST,
}


@strawberry.input(description="Which slots. All that is given must hold.")
class SlotFilter:
    from_: datetime | None = described("Starts at this instant or later.", name="from", default=None)
    to: datetime | None = described("Starts before this instant.", default=None)
    doctor_ids: list[strawberry.ID] | None = described("Of one of these doctors.", default=None)
    clinic_ids: list[strawberry.ID] | None = described("At one of these clinics.", default=None)
    specialty: str | None = described("Of a doctor of this specialty, whatever its case.", default=None)
    language: str | None = described("Of a doctor who speaks this language (BCP 47, such as `en`).", default=None)
    max_fee: MoneyInput | None = described("Of a doctor who asks at most this much.", default=None)
    city: str | None = described("In this city, whatever its case.", default=None)
    near: NearInput | None = described("At a clinic near this point.", default=None)
    only_free: bool = described(
        "Only what can be booked now. All the rest, full and past, is seen by those it concerns.",
        default=True,
    )


@strawberry.input(description="Which appointments. All that is given must hold.")
class AppointmentFilter:
    from_: datetime | None = described("Starts at this instant or later.", name="from", default=None)
    to: datetime | None = described("Starts before this instant.", default=None)
    statuses: list[AppointmentStatus] | None = described("In one of these states.", default=None)
    doctor_id: strawberry.ID | None = described("With this doctor.", default=None)
    clinic_id: strawberry.ID | None = described("At this clinic.", default=None)
    patient_id: strawberry.ID | None = described("Of this patient.", default=None)


SlotsAsked = Annotated[SlotFilter | None, strawberry.argument(description="Which slots.")]
AppointmentsAsked = Annotated[AppointmentFilter | None, strawberry.argument(description="Which appointments.")]
OrderAsked = Annotated[AppointmentOrder, strawberry.argument(description="In which order.")]


def slots_of(parent: str | None) -> AsksLoader:
    """Asks for slots, earliest first: all, or those of each doctor or clinic."""

    def ask(info: Info, first: First = 20, after: After = None, filter: SlotsAsked = None) -> SlotPages:
        asked = filter or SlotFilter()
        if parent is None and not asked.only_free and asked.doctor_ids is None and asked.clinic_ids is None:
            raise BadUserInput("onlyFree: false needs doctorIds or clinicIds")
        conditions = {
            "free": True if asked.only_free else None,
            "starts_from": asked.from_,
            "starts_before": asked.to,
            "doctor_ids": _ids("Doctor", "doctorIds", asked.doctor_ids),
            "clinic_ids": _ids("Clinic", "clinicIds", asked.clinic_ids),
            "specialty": filter_text("specialty", asked.specialty),
            "language": filter_text("language", asked.language),
            "max_fee": fee_values(asked.max_fee),
            "city": filter_text("city", asked.city),
            "near": near_values(asked.near),
        }
        return ask_pages(info, SlotPages, slots.BY_START, conditions, parent=parent, first=first, after=after)

    return ask


def next_slots(info: Info, first: First = 3) -> NextSlotsOfDoctor:
    """Asks for the first free slots of each doctor."""
    if not 1 <= first <= LARGEST_NEXT:
        raise BadUserInput(f"first must be from 1 to {LARGEST_NEXT}, not {first}")
    return info.context.loaders.get(NextSlotsOfDoctor, first)


def appointments_of(parent: str | None) -> AsksLoader:
    """Asks for appointments: all, or those of each doctor, clinic or patient."""

    def ask(
        info: Info,
        first: First = 20,
        after: After = None,
        filter: AppointmentsAsked = None,
        order_by: OrderAsked = AppointmentOrder.LATEST_FIRST,
    ) -> AppointmentPages:
        asked = filter or AppointmentFilter()
        conditions = {
            "starts_from": asked.from_,
            "starts_before": asked.to,
            "statuses": _listed("statuses", asked.statuses),
            "doctor_id": asked.doctor_id and read_id("Doctor", asked.doctor_id),
            "clinic_id": asked.clinic_id and read_id("Clinic", asked.clinic_id),
            "patient_id": asked.patient_id and read_id("Patient", asked.patient_id),
        }
        order = ORDERS[order_by]
        return ask_pages(info, AppointmentPages, order, conditions, parent=parent, first=first, after=after)

    return ask


def _listed(name: str, values: "list[AppointmentStatus] | None") -> tuple[AppointmentStatus, ...] | None:
    if values is not None and len(values) > LARGEST_LIST:
        raise BadUserInput(f"{name} must have at most {LARGEST_LIST} values")
    return None if values is None else tuple(values)


def _ids(type_name: str, name: str, ids: list[strawberry.ID] | None) -> tuple[int, ...] | None:
    if ids is not None and len(ids) > LARGEST_LIST:
        raise BadUserInput(f"{name} must have at most {LARGEST_LIST} ids")
    return None if ids is None else tuple(dict.fromkeys(read_id(type_name, each) for each in ids))
