"""Waiting, and being offered what was freed."""

from datetime import datetime
from typing import Annotated

import strawberry

from loaders.entities import WaitlistEntryRow, WaitlistOfferRow
from loaders.patients.patients import PatientById
from loaders.scheduling.appointments import AppointmentById
from loaders.scheduling.holds import HoldById
from loaders.scheduling.slots import SlotById
from loaders.scheduling.waitlist import BY_ARRIVAL, OffersOfEntry, WaitlistEntryById, WaitlistPages
from models.enums import OfferStatus, WaitlistStatus
from schema.context import Info
from schema.directives import requires
from schema.fields import described, read, relation
from schema.node import Node, encode_id, global_id, read_id
from schema.paging import After, First, ask_pages
from schema.scheduling.holds import Hold


@strawberry.type(description="A time in which a patient could come; null where it is open.")
class Window:
    start: datetime | None = read(lambda window: window.lower, "From.")
    end: datetime | None = read(lambda window: window.upper, "To.")


@strawberry.type(
    description="A freed seat, held for one who waits, until its hold ends.", directives=[requires("appointment:read")]
)
class WaitlistOffer(Node):
    row_type = WaitlistOfferRow
    id: strawberry.ID = global_id("WaitlistOffer")
    status: OfferStatus = described("Whether it was answered.")
    offered_at: datetime = read(lambda row: row["created_at"], "When it was made.", columns=("created_at",))
    hold: Hold | None = relation(HoldById, "hold_id", "The held seat; its end is the deadline.")
    slot: "Slot | None" = relation(SlotById, "slot_id", "The slot.")
    waitlist_entry: "WaitlistEntry | None" = relation(WaitlistEntryById, "entry_id", "Whom it was made to.")


@strawberry.type(
    description="A patient who wants an earlier or a full slot. What is empty or null may be any.",
    directives=[requires("appointment:read")],
)
class WaitlistEntry(Node):
    row_type = WaitlistEntryRow
    id: strawberry.ID = global_id("WaitlistEntry")
    status: WaitlistStatus = described("Whether she still waits.")
    specialty: str | None = described("Of which specialty.")
    doctor_ids: list[strawberry.ID] = read(
        lambda row: [encode_id("Doctor", each) for each in row["doctor_ids"]], "With whom.", columns=("doctor_ids",)
    )
    clinic_ids: list[strawberry.ID] = read(
        lambda row: [encode_id("Clinic", each) for each in row["clinic_ids"]], "Where.", columns=("clinic_ids",)
    )
    windows: list[Window] = described("When.")
    joined_at: datetime = read(lambda row: row["created_at"], "Since when.", columns=("created_at",))
    patient: "Patient | None" = relation(PatientById, "patient_id", "Who waits.", guard=requires("patient:read"))
    appointment: "Appointment | None" = relation(AppointmentById, "appointment_id", "What she would give up.")
    offers: list[WaitlistOffer] = relation(OffersOfEntry, "id", "What was offered to her, first to last.")


@strawberry.input(description="Which entries. All that is given must hold.")
class WaitlistFilter:
    statuses: list[WaitlistStatus] | None = described("In one of these states.", default=None)
    patient_id: strawberry.ID | None = described("This patient's.", default=None)
    doctor_id: strawberry.ID | None = described("Whom this doctor would suit.", default=None)
    clinic_id: strawberry.ID | None = described("Whom this clinic would suit.", default=None)


WaitlistAsked = Annotated[WaitlistFilter | None, strawberry.argument(description="Which entries.")]


def ask_waitlist(info: Info, first: First = 20, after: After = None, filter: WaitlistAsked = None) -> WaitlistPages:
    """Asks for entries of the waitlist."""
    asked = filter or WaitlistFilter()
    conditions = {
        "statuses": None if asked.statuses is None else tuple(asked.statuses),
        "patient_id": asked.patient_id and read_id("Patient", asked.patient_id),
        "doctor_id": asked.doctor_id and read_id("Doctor", asked.doctor_id),
        "clinic_id": asked.clinic_id and read_id("Clinic", asked.clinic_id),
    }
    return ask_pages(info, WaitlistPages, BY_ARRIVAL, conditions, first=first, after=after)


from schema.patients.patients import Patient  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
