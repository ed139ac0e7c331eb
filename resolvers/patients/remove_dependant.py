"""removeDependant."""

import strawberry

from domain.patients.remove_dependant import remove_dependant
from domain.session import Session
from loaders.patients.patients import PatientById
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described, relation
from schema.patients.patients import Patient
from schema.providers.affected import AffectedAppointments, affected_appointments


@strawberry.input(description="For whom somebody ceases to answer, and what becomes of her appointments.")
class RemoveDependantInput:
    patient_id: strawberry.ID = described("The dependant.")
    cancel_appointments: bool = described(
        "Cancel what she has ahead, each as `cancelAppointment` does, with its fee. Otherwise it is a CONFLICT.",
        default=False,
    )
    reason: str | None = described("Why; needed where appointments are cancelled.", default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What this answers.")
class RemoveDependantPayload(Payload):
    guardian: Patient | None = relation(PatientById, "guardian_id", "Who answered for her.")
    affected_appointments: AffectedAppointments | None = affected_appointments()


async def run(session: Session, input: RemoveDependantInput) -> Answer:
    patient_id = id_in("Patient", input.patient_id, "patientId")
    return Answer(await remove_dependant(session, patient_id, input.reason, cancels=input.cancel_appointments))


@strawberry.type
class RemoveDependant:
    remove_dependant: RemoveDependantPayload | None = mutation(
        run,
        "A guardian ceases to answer for a dependant, whose record is kept but no longer hers to see. For the "
        "guardian, and administrators.",
        guard=requires("patient:write"),
    )
