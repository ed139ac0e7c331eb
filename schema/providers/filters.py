"""How doctors and clinics are asked for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import strawberry

from loaders.providers import clinics, doctors
from loaders.providers.clinics import ClinicPages
from loaders.providers.doctors import DoctorPages
from models.enums import DoctorStatus
from schema.context import Info
from schema.directives import RequiresScopes, requires
from schema.enums import show
from schema.errors import BadUserInput
from schema.fields import AsksLoader, described
from schema.guards import check
from schema.node import read_id
from schema.paging import After, First, ask_pages
from schema.payments.money import MoneyInput
from schema.providers.places import NearInput, near_values
from schema.words import filter_text, search_words


class DoctorOrder(StrEnum):
    REGISTRATION = "REGISTRATION"
    NAME = "NAME"
    FEE = "FEE"
    EXPERIENCE = "EXPERIENCE"
    LOAD = "LOAD"
    LAST_LOGIN = "LAST_LOGIN"


class ClinicOrder(StrEnum):
    REGISTRATION = "REGISTRATION"
    NAME = "NAME"
    NEAREST = "NEAREST"
    LOAD = "LOAD"


class LicenceState(StrEnum):
    MISSING = "MISSING"
    EXPIRED = "EXPIRED"
    EXPIRING = "EXPIRING"


show(
    DoctorOrder,
    "How doctors are ordered.",
    REGISTRATION="Those who joined first, first.",
    NAME="By name.",
    FEE="The lowest consultation fee first.",
    EXPERIENCE="The most years of experience first.",
    LOAD="The most appointments in the next seven days first; needs provider:write or user:read.",
    LAST_LOGIN="Who signed in last, first; needs user:read.",
)
show(
    ClinicOrder,
    "How clinics are ordered.",
    REGISTRATION="Those that joined first, first.",
    NAME="By name.",
    NEAREST="The nearest first; only together with `filter: {near: …}`.",
    LOAD="The most appointments in the next seven days first; needs clinic:write or user:read.",
)
show(
    LicenceState,
    "What is wrong with a doctor's licence.",
    MISSING="None was approved on its documents.",
    EXPIRED="It has expired.",
    EXPIRING="It expires within thirty days.",
)
DOCTOR_ORDERS = {
    DoctorOrder.REGISTRATION: doctors.BY_REGISTRATION,
    DoctorOrder.NAME: doctors.BY_NAME,
    DoctorOrder.FEE: doctors.BY_FEE,
    DoctorOrder.EXPERIENCE: doctors.BY_EXPERIENCE,
    DoctorOrder.LOAD: doctors.BY_LOAD,
    DoctorOrder.LAST_LOGIN: doctors.BY_LAST_LOGIN,
}
CLINIC_ORDERS = {
    ClinicOrder.REGISTRATION: clinics.BY_REGISTRATION,
    ClinicOrder.NAME: clinics.BY_NAME,
    ClinicOrder.NEAREST: clinics.BY_DISTANCE,
    ClinicOrder.LOAD: clinics.BY_LOAD,
}
FOR_DOCTORS = RequiresScopes(scopes=[["provider:write"], ["provider:review"], ["user:read"]])
FOR_CLINICS = RequiresScopes(scopes=[["clinic:write"], ["user:read"]])


@strawberry.input(description="Which doctors. All that is given must hold.")
class DoctorFilter:
    specialty: str | None = described("Of this specialty, whatever its case.", default=None)
    language: str | None = described("Speaks this language (BCP 47, such as `en`).", default=None)
    max_fee: MoneyInput | None = described("Asks at most this much for a consultation.", default=None)
    clinic_id: strawberry.ID | None = described("Works at this clinic.", default=None)
    city: str | None = described("Works in this city, whatever its case.", default=None)
    near: NearInput | None = described("Works near this point.", default=None)
    search: str | None = described("Words of the name, or their beginnings.", default=None)
    statuses: list[DoctorStatus] | None = described(
        "In one of these states; needs provider:write, provider:review or user:read.", default=None
    )
    licence: LicenceState | None = described(
        "Whose licence is wrong like this; needs provider:write, provider:review or user:read.", default=None
    )
    without_slots_ahead: bool = described(
        "Who has no slot to come; needs provider:write, provider:review or user:read.", default=False
    )


@strawberry.input(description="Which clinics. All that is given must hold.")
class ClinicFilter:
    city: str | None = described("In this city, whatever its case.", default=None)
    near: NearInput | None = described("Near this point.", default=None)
    search: str | None = described("Words of the name, or their beginnings.", default=None)
    is_active: bool | None = described("Which take bookings, or do not, as far as you may see them.", default=None)
    without_slots_ahead: bool = described("Which have no slot to come; needs clinic:write or user:read.", default=False)


DoctorsAsked = Annotated[DoctorFilter | None, strawberry.argument(description="Which doctors.")]
DoctorOrderAsked = Annotated[DoctorOrder, strawberry.argument(description="In which order.")]
ClinicsAsked = Annotated[ClinicFilter | None, strawberry.argument(description="Which clinics.")]
ClinicOrderAsked = Annotated[ClinicOrder, strawberry.argument(description="In which order.")]


def fee_values(max_fee: MoneyInput | None) -> Mapping[str, object] | None:
    """The parameters of a condition on fees."""
    return (
        None if max_fee is None else {"max_fee": max_fee.amount, "currency": filter_text("currency", max_fee.currency)}
    )


def doctors_of(parent: str | None) -> AsksLoader:
    """Asks for doctors: all, or those who work at each clinic."""

    def ask(
        info: Info,
        first: First = 20,
        after: After = None,
        filter: DoctorsAsked = None,
        order_by: DoctorOrderAsked = DoctorOrder.REGISTRATION,
    ) -> DoctorPages:
        asked = filter or DoctorFilter()
        conditions = {
            "specialty": filter_text("specialty", asked.specialty),
            "language": filter_text("language", asked.language),
            "max_fee": fee_values(asked.max_fee),
            "clinic_id": asked.clinic_id and read_id("Clinic", asked.clinic_id),
            "city": filter_text("city", asked.city),
            "near": near_values(asked.near),
            "search": search_words(asked.search),
            "statuses": None if asked.statuses is None else tuple(asked.statuses),
            **{f"licence_{state.lower()}": {} if asked.licence is state else None for state in LicenceState},
            "without_slots": {} if asked.without_slots_ahead else None,
        }
        if order_by is DoctorOrder.LAST_LOGIN:
            check(info.context.viewer, [requires("user:read")])
        if order_by is DoctorOrder.LOAD or asked.statuses is not None or asked.licence or asked.without_slots_ahead:
            check(info.context.viewer, [FOR_DOCTORS])
        order = DOCTOR_ORDERS[order_by]
        return ask_pages(info, DoctorPages, order, conditions, parent=parent, first=first, after=after)

    return ask


def ask_clinics(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: ClinicsAsked = None,
    order_by: ClinicOrderAsked = ClinicOrder.REGISTRATION,
) -> ClinicPages:
    """Asks for clinics."""
    asked = filter or ClinicFilter()
    if order_by is ClinicOrder.NEAREST and asked.near is None:
        raise BadUserInput("orderBy: NEAREST needs filter: {near: …}")
    conditions = {
        "city": filter_text("city", asked.city),
        "near": near_values(asked.near),
        "search": search_words(asked.search),
        "is_active": asked.is_active,
        "without_slots": {} if asked.without_slots_ahead else None,
    }
    if order_by is ClinicOrder.LOAD or asked.without_slots_ahead:
        check(info.context.viewer, [FOR_CLINICS])
    return ask_pages(info, ClinicPages, CLINIC_ORDERS[order_by], conditions, first=first, after=after)
