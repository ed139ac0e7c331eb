"""addDependant."""

from datetime import date

import strawberry

from domain.patients.add_dependant import add_dependant
from domain.session import Session
from models.enums import BloodGroup, NotificationChannel
from resolvers.mutations import mutation
from schema.answers import Answer, id_in, id_in_or_none
from schema.changes import KEY, changed, sent
from schema.directives import requires
from schema.fields import described
from schema.patients.patient_answers import COLUMNS, PatientPayload


@strawberry.input(description="Somebody for whom a patient answers until she is of age.")
class AddDependantInput:
    guardian_id: strawberry.ID | None = described("Who answers for her; yourself, if you are a patient.", default=None)
    clinic_id: strawberry.ID = described("A clinic of the country by whose law she comes of age.")
    name: str = described("Full name.")
    date_of_birth: date = described("Day of birth.")
    blood_group: BloodGroup | None = changed("ABO and Rh, if known.")
    allergies: str | None = changed("Known allergies, in words.")
    emergency_contact: str | None = changed("Whom to call, and how.")
    phone: str | None = changed("Phone.")
    language: str | None = changed("The language she wants to be spoken to in, BCP 47.")
    notification_channels: list[NotificationChannel] | None = changed("How she wants to be told; none: not at all.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What naming a dependant answers.")
class AddDependantPayload(PatientPayload):
    pass


async def run(session: Session, input: AddDependantInput) -> Answer:
    guardian_id = id_in_or_none("Patient", input.guardian_id, "guardianId")
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(patient_id=await add_dependant(session, guardian_id, clinic_id, sent(input, *COLUMNS)))


@strawberry.type
class AddDependant:
    add_dependant: AddDependantPayload | None = mutation(
        run,
        "Makes a patient without a user, for whom her guardian acts until she is of age.",
        guard=requires("patient:write"),
    )
