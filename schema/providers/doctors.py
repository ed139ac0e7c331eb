"""Doctors."""

from datetime import date

import strawberry

from loaders.entities import DoctorRow
from loaders.identity.users import UserById
from loaders.providers.clinics import ClinicsOfDoctor
from models.enums import DoctorStatus
from schema.directives import requires
from schema.fields import described, relation
from schema.node import Node, global_id
from schema.paging import Connection
from schema.payments.money import Money, money
from schema.scheduling.filters import appointments_of, next_slots, slots_of


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
    clinics: list["Clinic"] = relation(ClinicsOfDoctor, "id", "Where she works, by name.")
    next_slots: list["Slot"] = relation(next_slots, "id", "Her first slots that can be booked now, at most 20.")
    slots: Connection["Slot"] = relation(slots_of("doctor"), "id", "Her slots, earliest first.")
    appointments: Connection["Appointment"] | None = relation(
        appointments_of("doctor"), "id", "Appointments with her.", guard=requires("appointment:read")
    )


from schema.identity.users import User  # noqa: E402
from schema.providers.clinics import Clinic  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
