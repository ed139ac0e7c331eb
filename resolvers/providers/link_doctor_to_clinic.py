"""linkDoctorToClinic."""

import strawberry

from domain.providers.link_doctor_to_clinic import link_doctor_to_clinic
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.providers.doctor_answers import DoctorPayload


@strawberry.input(description="Which doctor works where.")
class LinkDoctorToClinicInput:
    doctor_id: strawberry.ID = described("The doctor.")
    clinic_id: strawberry.ID = described("The clinic.")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What linking answers.")
class LinkDoctorToClinicPayload(DoctorPayload):
    pass


async def run(session: Session, input: LinkDoctorToClinicInput) -> Answer:
    doctor_id, clinic_id = id_in("Doctor", input.doctor_id, "doctorId"), id_in("Clinic", input.clinic_id, "clinicId")
    return Answer(doctor_id=await link_doctor_to_clinic(session, doctor_id, clinic_id))


@strawberry.type
class LinkDoctorToClinic:
    link_doctor_to_clinic: LinkDoctorToClinicPayload | None = mutation(
        run,
        "A doctor works at a clinic from now on. For administrators; and for its managers if she has worked there.",
        guard=requires("provider:write"),
    )
