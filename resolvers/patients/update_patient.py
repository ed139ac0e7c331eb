"""updatePatient."""

from datetime import date

import strawberry

from domain.patients.update_patient import update_patient
from domain.session import Session
from models.enums import BloodGroup, NotificationChannel
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION, changed, sent
from schema.directives import requires
from schema.fields import described
from schema.patients.patient_answers import COLUMNS, PatientPayload


@strawberry.input(description="What changes of a patient; what is not sent stays.")
class UpdatePatientInput:
    patient_id: strawberry.ID = described("The patient.")
    version: int = described(VERSION)
    name: str | None = changed("Full name.")
    date_of_birth: date | None = changed("Day of birth; once known, for staff to correct.")
    blood_group: BloodGroup | None = changed("ABO and Rh, if known.")
    allergies: str | None = changed("Known allergies, in words.")
    emergency_contact: str | None = changed("Whom to call, and how.")
    phone: str | None = changed("Phone.")
    language: str | None = changed("The language she wants to be spoken to in, BCP 47.")
    notification_channels: list[NotificationChannel] | None = changed("How she wants to be told; none: not at all.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What changing a patient's record answers.")
class UpdatePatientPayload(PatientPayload):
    pass


async def run(session: Session, input: UpdatePatientInput) -> Answer:
    patient_id = id_in("Patient", input.patient_id, "patientId")
    return Answer(patient_id=await update_patient(session, patient_id, sent(input, *COLUMNS), input.version))


@strawberry.type
class UpdatePatient:
    update_patient: UpdatePatientPayload | None = mutation(
        run,
        "Changes a patient's record and preferences. For herself, her guardian, and the staff of her clinics.",
        guard=requires("patient:write"),
    )
