"""What subscriptions tell. Entities are read when it is told, as they are then and as the viewer may see them."""

import strawberry

from loaders.scheduling.appointments import AppointmentById
from loaders.scheduling.slots import SlotById
from schema.fields import read, relation
from schema.node import encode_id
from schema.scheduling.appointments import Appointment
from schema.scheduling.slots import Slot


@strawberry.type
class Change:
    position: str = read(
        lambda change: change["position"], "Opaque: sent as `after`, it resumes behind this message (for a week)."
    )
    event: str = read(lambda change: change["event"], "What happened, such as `appointment.booked`.")


@strawberry.type(description="Something happened to an appointment.")
class AppointmentChange(Change):
    appointment: Appointment | None = relation(AppointmentById, "appointment_id", "The appointment, as it is now.")


@strawberry.type(description="Something happened in a doctor's schedule.")
class DoctorScheduleChange(Change):
    appointment: Appointment | None = relation(
        AppointmentById,
        "appointment_id",
        "The appointment, as it is now; null if it was not about one of yours to see.",
    )
    slot: Slot | None = relation(SlotById, "slot_id", "The doctor's slot, as it is now; null if not yours to see.")


@strawberry.type(description="The free seats of a slot, or the slots of a doctor, may have changed.")
class SlotAvailabilityChange(Change):
    slot_id: strawberry.ID | None = read(
        lambda change: change["slot_id"] and encode_id("Slot", change["slot_id"]),
        "Of which slot; null when many of a doctor's slots have changed: then ask for them again.",
    )
    slot: Slot | None = relation(
        SlotById, "slot_id", "The slot, as it is now; null once it is not, or no longer yours to see: then drop it."
    )
