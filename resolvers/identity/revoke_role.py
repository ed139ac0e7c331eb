"""revokeRole."""

import strawberry

from domain.identity.revoke_role import revoke_role
from domain.session import Session
from models.enums import Role
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.identity.user_answers import UserPayload


@strawberry.input(description="Which role to take from whom.")
class RevokeRoleInput:
    user_id: strawberry.ID = described("The user.")
    role: Role = described("The role.")
    clinic_id: strawberry.ID | None = described(
        "Where STAFF and MANAGER work no longer; all if not said.", default=None
    )
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What taking a role answers.")
class RevokeRolePayload(UserPayload):
    pass


async def run(session: Session, input: RevokeRoleInput) -> Answer:
    user_id = id_in("User", input.user_id, "userId")
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId") if input.clinic_id else None
    return Answer(user_id=await revoke_role(session, user_id, input.role, clinic_id))


@strawberry.type
class RevokeRole:
    revoke_role: RevokeRolePayload | None = mutation(
        run, "Takes a role from a user; there is always an administrator left.", guard=requires("user:admin")
    )
