"""What mutations of an appointment take and give."""

import strawberry

from loaders.scheduling.appointments import AppointmentById
from schema.answers import Payload
from schema.fields import described, relation
from schema.scheduling.appointments import Appointment


@strawberry.input
class AppointmentInput:
    appointment_id: strawberry.ID = described("The appointment.")
    idempotency_key: str = described("Done once for each key (24 hours).")


@strawberry.type
class AppointmentPayload(Payload):
    appointment: Appointment | None = relation(AppointmentById, "appointment_id", "The appointment, as it is now.")
