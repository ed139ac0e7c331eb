"""rejectDoctor."""

import strawberry

from domain.providers.reject_doctor import reject_doctor
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY, VERSION
from schema.directives import requires
from schema.fields import described
from schema.providers.doctor_answers import DoctorPayload


@strawberry.input(description="Which doctor not to accept, and why.")
class RejectDoctorInput:
    doctor_id: strawberry.ID = described("The doctor.")
    version: int | None = described(VERSION, default=None)
    reason: str = described("Why, for her to read.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What rejecting answers.")
class RejectDoctorPayload(DoctorPayload):
    pass


async def run(session: Session, input: RejectDoctorInput) -> Answer:
    doctor_id = id_in("Doctor", input.doctor_id, "doctorId")
    return Answer(doctor_id=await reject_doctor(session, doctor_id, input.reason, input.version))


@strawberry.type
class RejectDoctor:
    reject_doctor: RejectDoctorPayload | None = mutation(
        run, "Does not accept a doctor who has applied; she may apply again.", guard=requires("provider:review")
    )
