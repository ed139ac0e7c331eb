"""addStaff."""

import strawberry

from domain.providers.add_staff import add_staff
from domain.session import Session
from loaders.providers.staff import StaffMemberById
from models.enums import Role
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in, id_in_or_none
from schema.changes import KEY
from schema.directives import requires
from schema.fields import described, relation
from schema.providers.staff import StaffMember


@strawberry.input(
    description="Who works for a clinic, as what. Give a user, or the name and address of somebody to invite."
)
class AddStaffInput:
    clinic_id: strawberry.ID = described("The clinic.")
    role: Role = described("STAFF or MANAGER; MANAGER for administrators to give.")
    user_id: strawberry.ID | None = described("Somebody who is here already; for administrators.", default=None)
    name: str | None = described("Full name of somebody to invite.", default=None)
    email: str | None = described("Her address, to which the invitation is sent.", default=None)
    phone: str | None = described("Phone.", default=None)
    language: str = described("Language to write to her in, BCP 47.", default="en")
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What taking on staff answers.")
class AddStaffPayload(Payload):
    staff_member: StaffMember | None = relation(StaffMemberById, "staff_id", "Her place at the clinic.")


async def run(session: Session, input: AddStaffInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId")
    user_id = id_in_or_none("User", input.user_id, "userId")
    person = None
    if input.name is not None or input.email is not None:
        person = {"name": input.name, "email": input.email, "phone": input.phone, "language": input.language}
    return Answer(staff_id=await add_staff(session, clinic_id, input.role, user_id, person))


@strawberry.type
class AddStaff:
    add_staff: AddStaffPayload | None = mutation(
        run, "Gives somebody a place at a clinic. For its managers.", guard=requires("clinic:write")
    )
