"""Holds."""

from datetime import datetime

import strawberry

from loaders.entities import HoldRow
from loaders.patients.patients import PatientById
from loaders.scheduling.slots import SlotById
from schema.directives import requires
from schema.fields import described, relation
from schema.node import Node, global_id


@strawberry.type(
    description="An exclusive claim on one seat of a slot, which ends by itself.", directives=[requires("slot:read")]
)
class Hold(Node):
    row_type = HoldRow
    id: strawberry.ID = global_id("Hold")
    expires_at: datetime = described("From then on the seat is free again.")
    renewals: int = described("How often it was renewed; once is allowed.")
    released_at: datetime | None = described("When it was booked or let go; null while it stands or has just run out.")
    slot: "Slot | None" = relation(SlotById, "slot_id", "The seat's slot.")
    patient: "Patient | None" = relation(PatientById, "patient_id", "For whom.", guard=requires("patient:read"))


from schema.patients.patients import Patient  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
