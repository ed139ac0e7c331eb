"""applyAsDoctor."""

import strawberry

from domain.providers.apply_as_doctor import apply_as_doctor
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer
from schema.changes import KEY
from schema.directives import Authenticated
from schema.fields import described
from schema.providers.doctor_answers import DoctorInput, DoctorPayload, doctor_columns


@strawberry.input(description="What you say of yourself as a doctor.")
class ApplyAsDoctorInput(DoctorInput):
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What applying answers.")
class ApplyAsDoctorPayload(DoctorPayload):
    pass


async def run(session: Session, input: ApplyAsDoctorInput) -> Answer:
    doctor_id = await apply_as_doctor(session, doctor_columns(input), input.licence_expires_on, input.documents)
    return Answer(doctor_id=doctor_id)


@strawberry.type
class ApplyAsDoctor:
    apply_as_doctor: ApplyAsDoctorPayload | None = mutation(
        run,
        "Applies as a doctor, with a licence; a reviewer decides. For anybody who is signed in.",
        guard=Authenticated(),
    )
