"""What mutations of a patient take and give."""

import strawberry

from loaders.patients.patients import PatientById
from schema.answers import Payload
from schema.fields import relation
from schema.patients.patients import Patient

COLUMNS = (
    *("name", "phone", "language", "date_of_birth", "blood_group", "allergies", "emergency_contact"),
    "notification_channels",
)


@strawberry.type
class PatientPayload(Payload):
    patient: Patient | None = relation(
        PatientById, "patient_id", "The patient, as she is now; after a CONFLICT, as somebody else has left her record."
    )
