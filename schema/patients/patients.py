"""Patients."""

from datetime import date, datetime

import strawberry

from loaders.entities import PatientRow
from loaders.identity.users import UserById
from loaders.patients.patients import DependantsOfPatient, PatientById
from loaders.providers.clinics import ClinicById
from models.enums import BloodGroup, NotificationChannel, PatientStatus
from schema.directives import requires
from schema.fields import described, relation
from schema.identity.access import AccessRecord, access_of
from schema.node import Node, global_id
from schema.paging import Connection
from schema.patients.history import history
from schema.scheduling.filters import appointments_of


@strawberry.type(
    directives=[requires("patient:read")],
    description="A patient's profile. Seen by herself or, until she is of age, her guardian; by those who treat her, "
    "and the staff of the clinics she goes to or was registered at.",
)
class Patient(Node):
    row_type = PatientRow
    id: strawberry.ID = global_id("Patient")
    user: "User | None" = relation(UserById, "user_id", "Who she is, if she signs in herself.")
    name: str = described("Full name.")
    phone: str | None = described("Phone.")
    language: str | None = described("The language she wants to be spoken to in, BCP 47.")
    notification_channels: list[NotificationChannel] = described("How she wants to be told; none: not at all.")
    status: PatientStatus = described("How she stands with the clinics.")
    date_of_birth: date | None = described("Day of birth.")
    blood_group: BloodGroup | None = described("ABO and Rh, if known.")
    allergies: str | None = described("Known allergies, in words.")
    emergency_contact: str | None = described("Whom to call, and how.")
    version: int = described("Grows with every change; sent back with an edit, it shows that nothing was overlooked.")
    guardian: "Patient | None" = relation(
        PatientById, "guardian_id", "Who answers for her, or did until she was of age or `removeDependant` ended it."
    )
    of_age_at: datetime | None = described("When her guardian ceases to answer for her; null where there is none.")
    dependants: list["Patient"] = relation(
        DependantsOfPatient, "id", "Those for whom she answers; others see also those for whom she does no more."
    )
    registered_at: "Clinic | None" = relation(
        ClinicById, "registered_at_clinic_id", "The clinic that registered her, if one did."
    )
    appointments: Connection["Appointment"] | None = relation(
        appointments_of("patient"), "id", "Her appointments.", guard=requires("appointment:read")
    )
    history: Connection["Appointment"] | None = relation(
        history,
        "id",
        "Her visits so far, whatever became of them: appointments whose time has begun, the latest first.",
        guard=requires("appointment:read"),
    )
    access_log: Connection[AccessRecord] | None = relation(
        access_of, "id", "Who viewed this record, the latest first; for the patient herself and for `audit:read`."
    )


from schema.identity.users import User  # noqa: E402
from schema.providers.clinics import Clinic  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
