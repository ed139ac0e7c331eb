"""inviteUser."""

import strawberry

from domain.identity.invite_user import invite_user
from domain.session import Session
from models.enums import Role
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.identity.user_answers import UserPayload


@strawberry.input(description="Whom to invite, and as what.")
class InviteUserInput:
    email: str = described("Where the invitation is sent.")
    name: str = described("Full name.")
    role: Role = described("STAFF, MANAGER or ADMIN.")
    clinic_id: strawberry.ID | None = described("Where STAFF and MANAGER work.", default=None)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What inviting answers.")
class InviteUserPayload(UserPayload):
    pass


async def run(session: Session, input: InviteUserInput) -> Answer:
    clinic_id = id_in("Clinic", input.clinic_id, "clinicId") if input.clinic_id else None
    user_id = await invite_user(session, email=input.email, name=input.name, role=input.role, clinic_id=clinic_id)
    return Answer(user_id=user_id)


@strawberry.type
class InviteUser:
    invite_user: InviteUserPayload | None = mutation(
        run,
        "Makes an account for somebody, who chooses a password by the link of a mail.",
        guard=requires("user:admin"),
    )
