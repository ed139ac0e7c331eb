"""setPatientStatus."""

import strawberry

from domain.patients.set_patient_status import set_patient_status
from domain.session import Session
from models.enums import PatientStatus
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION
from schema.directives import requires
from schema.fields import described
from schema.patients.patient_answers import PatientPayload


@strawberry.input(description="How a patient stands with the clinics.")
class SetPatientStatusInput:
    patient_id: strawberry.ID = described("The patient.")
    version: int | None = described(VERSION, default=None)
    status: PatientStatus = described("ACTIVE, VIP or INACTIVE; who is INACTIVE is given no seat.")
    reason: str | None = described("Why.", default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What this answers.")
class SetPatientStatusPayload(PatientPayload):
    pass


async def run(session: Session, input: SetPatientStatusInput) -> Answer:
    patient_id = id_in("Patient", input.patient_id, "patientId")
    return Answer(patient_id=await set_patient_status(session, patient_id, input.status, input.reason, input.version))


@strawberry.type
class SetPatientStatus:
    set_patient_status: SetPatientStatusPayload | None = mutation(
        run,
        "Says whether a patient is in care, and how. For the staff of her clinics.",
        guard=requires("patient:write"),
    )
