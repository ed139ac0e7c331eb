"""Doctors."""

from datetime import date

import strawberry

from loaders.entities import DoctorRow
from loaders.identity.users import UserById
from loaders.providers.clinics import ClinicsOfDoctor
from loaders.providers.credentials import CredentialsOfDoctor
from loaders.scheduling.availability import AvailabilityTemplatesOfDoctor
from models.enums import DoctorStatus
from schema.directives import requires
from schema.fields import described, relation
from schema.node import Node, global_id
from schema.paging import Connection
from schema.payments.money import Money, money
from schema.scheduling.filters import appointments_of, next_slots, slots_of
from schema.scheduling.plans import PLANS, availability_exceptions


@strawberry.type(description="A provider: what she does, where, and when she can be seen.")
class Doctor(Node):
    row_type = DoctorRow
    id: strawberry.ID = global_id("Doctor")
    user: "User | None" = relation(UserById, "user_id", "Who she is.")
    status: DoctorStatus = described("How she stands with the platform.")
    specialty: str = described("Field of medicine.")
    qualifications: str | None = described("Degrees and boards, in words.")
    years_of_experience: int = described("Years in practice.")
    languages: list[str] = described("Languages spoken, BCP 47.")
    consultation_fee: Money = money("consultation_fee", "What a visit costs.")
    licence_number: str = described("Number of the licence to practise.")
    licence_expires_on: date | None = described("From this day on she offers no slots, unless it is renewed.")
    daily_patient_limit: int | None = described("Appointments per clinic-local day at most; null is no limit.")
    version: int = described("Grows with every change; sent back with an edit, it shows that nothing was overlooked.")
    review_reason: str | None = described("Why she was rejected.", guard=requires("provider:read"))
    credentials: list["Credential"] | None = relation(
        CredentialsOfDoctor, "id", "What she has shown, where it is yours to see."
    )
    clinics: list["Clinic"] = relation(ClinicsOfDoctor, "id", "Where she works, by name.")
    next_slots: list["Slot"] = relation(next_slots, "id", "Her first slots that can be booked now, at most 20.")
    slots: Connection["Slot"] = relation(slots_of("doctor"), "id", "Her slots, earliest first.")
    availability_templates: list["AvailabilityTemplate"] | None = relation(
        AvailabilityTemplatesOfDoctor, "id", "Her weekly hours, where they are yours to see.", guard=PLANS
    )
    availability_exceptions: list["AvailabilityException"] | None = relation(
        availability_exceptions, "id", "Her leave, holidays and extra hours, by day.", guard=PLANS
    )
    appointments: Connection["Appointment"] | None = relation(
        appointments_of("doctor"), "id", "Appointments with her.", guard=requires("appointment:read")
    )


from schema.identity.users import User  # noqa: E402
from schema.providers.clinics import Clinic  # noqa: E402
from schema.providers.credentials import Credential  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
from schema.scheduling.availability import AvailabilityException, AvailabilityTemplate  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
