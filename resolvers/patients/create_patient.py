"""createPatient."""

from datetime import date

import strawberry

from domain.patients.create_patient import create_patient
from domain.session import Session
from models.enums import BloodGroup, NotificationChannel
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, changed, sent
from schema.directives import requires
from schema.fields import described
from schema.patients.patient_answers import COLUMNS, PatientPayload


@strawberry.input(description="A patient at a clinic's desk.")
class CreatePatientInput:
    clinic_id: strawberry.ID = described("The clinic.")
    name: str = described("Full name.")
    email: str | None = described("With an address she is invited to sign in.", default=None)
    date_of_birth: date | None = changed("Day of birth.")
    blood_group: BloodGroup | None = changed("ABO and Rh, if known.")
    allergies: str | None = changed("Known allergies, in words.")
    emergency_contact: str | None = changed("Whom to call, and how.")
    phone: str | None = changed("Phone.")
    language: str | None = changed("The language she wants to be spoken to in, BCP 47.")
    notification_channels: list[NotificationChannel] | None = changed("How she wants to be told; none: not at all.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What registering a patient answers.")
class CreatePatientPayload(PatientPayload):
    pass


async def run(session: Session, input: CreatePatientInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(patient_id=await create_patient(session, clinic_id, input.email, sent(input, *COLUMNS)))


@strawberry.type
class CreatePatient:
    create_patient: CreatePatientPayload | None = mutation(
        run, "Registers a patient, whom the clinic's staff see from now on. For them.", guard=requires("patient:write")
    )
