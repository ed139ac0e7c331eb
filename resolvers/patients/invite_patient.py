"""invitePatient."""

import strawberry

from domain.patients.invite_patient import invite_patient
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.patients.patient_answers import PatientPayload


@strawberry.input(description="Who is to sign in herself.")
class InvitePatientInput:
    patient_id: strawberry.ID = described("A patient without a user.")
    email: str = described("Her own address.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What inviting a patient answers.")
class InvitePatientPayload(PatientPayload):
    pass


async def run(session: Session, input: InvitePatientInput) -> Answer:
    patient_id = id_in("Patient", input.patient_id, "patientId")
    return Answer(patient_id=await invite_patient(session, patient_id, input.email))


@strawberry.type
class InvitePatient:
    invite_patient: InvitePatientPayload | None = mutation(
        run,
        "Gives a patient who has none a user of her own, who chooses a password by the link of a mail: one whom a "
        "clinic registered, or a dependant who has come of age. For the staff of her clinics.",
        guard=requires("patient:write"),
    )
