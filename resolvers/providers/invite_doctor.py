"""inviteDoctor."""

import strawberry

from domain.providers.invite_doctor import invite_doctor
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described
from schema.providers.doctor_answers import DoctorInput, DoctorPayload, doctor_columns


@strawberry.input(description="Whom to invite, and what she does.")
class InviteDoctorInput(DoctorInput):
    clinic_id: strawberry.ID = described("The clinic.")
    name: str = described("Full name.")
    email: str = described("Address, to which the invitation is sent.")
    phone: str | None = described("Phone.", default=None)
    language: str = described("Language to write to her in, BCP 47.", default="en")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What inviting a doctor answers.")
class InviteDoctorPayload(DoctorPayload):
    pass


async def run(session: Session, input: InviteDoctorInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    person = {"name": input.name, "email": input.email, "phone": input.phone, "language": input.language}
    columns, expires_on = doctor_columns(input), input.licence_expires_on
    return Answer(doctor_id=await invite_doctor(session, clinic_id, person, columns, expires_on, input.documents))


@strawberry.type
class InviteDoctor:
    invite_doctor: InviteDoctorPayload | None = mutation(
        run,
        "Invites somebody as a doctor of a clinic; a reviewer decides. For its managers.",
        guard=requires("provider:write"),
    )
