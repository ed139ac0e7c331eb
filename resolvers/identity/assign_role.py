"""assignRole."""

import strawberry

from domain.identity.assign_role import assign_role
from domain.session import Session
from models.enums import Role
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.identity.user_answers import UserPayload


@strawberry.input(description="Which role to give to whom.")
class AssignRoleInput:
    user_id: strawberry.ID = described("The user.")
    role: Role = described("The role.")
    clinic_id: strawberry.ID | None = described("Where STAFF and MANAGER work.", default=None)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What giving a role answers.")
class AssignRolePayload(UserPayload):
    pass


async def run(session: Session, input: AssignRoleInput) -> Answer:
    user_id = id_in("User", input.user_id, "userId")
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId") if input.clinic_id else None
    return Answer(user_id=await assign_role(session, user_id, input.role, clinic_id))


@strawberry.type
class AssignRole:
    assign_role: AssignRolePayload | None = mutation(run, "Gives a user a role.", guard=requires("user:admin"))
