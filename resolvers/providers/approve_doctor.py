"""approveDoctor."""

import strawberry

from domain.providers.approve_doctor import approve_doctor
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION
from schema.directives import requires
from schema.fields import described
from schema.providers.doctor_answers import DoctorPayload


@strawberry.input(description="Which doctor to approve.")
class ApproveDoctorInput:
    doctor_id: strawberry.ID = described("The doctor.")
    version: int | None = described(VERSION, default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What approving answers.")
class ApproveDoctorPayload(DoctorPayload):
    pass


async def run(session: Session, input: ApproveDoctorInput) -> Answer:
    doctor_id = id_in("Doctor", input.doctor_id, "doctorId")
    return Answer(doctor_id=await approve_doctor(session, doctor_id, input.version))


@strawberry.type
class ApproveDoctor:
    approve_doctor: ApproveDoctorPayload | None = mutation(
        run,
        "Approves a doctor with the licence she submitted: from now on she may offer slots. Nobody approves herself.",
        guard=requires("provider:review"),
    )
