"""Patients."""

from datetime import date

import strawberry

from loaders.entities import PatientRow
from loaders.identity.users import UserById
from models.enums import BloodGroup, PatientStatus
from schema.directives import requires
from schema.fields import described, relation
from schema.node import Node, global_id
from schema.paging import Connection
from schema.scheduling.filters import appointments_of


@strawberry.type(
    directives=[requires("patient:read")],
    description="A patient's profile. Seen by herself, those who treat her, and the staff of the clinics she goes to.",
)
class Patient(Node):
    row_type = PatientRow
    id: strawberry.ID = global_id("Patient")
    user: "User | None" = relation(UserById, "user_id", "Who she is.")
    status: PatientStatus = described("How she stands with the clinics.")
    date_of_birth: date | None = described("Day of birth.")
    blood_group: BloodGroup | None = described("ABO and Rh, if known.")
    allergies: str | None = described("Known allergies, in words.")
    emergency_contact: str | None = described("Whom to call, and how.")
    version: int = described("Grows with every change; sent back with an edit, it shows that nothing was overlooked.")
    appointments: Connection["Appointment"] | None = relation(
        appointments_of("patient"), "id", "Her appointments.", guard=requires("appointment:read")
    )


from schema.identity.users import User  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
