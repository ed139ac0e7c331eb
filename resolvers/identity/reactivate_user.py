"""reactivateUser."""

import strawberry

from domain.identity.reactivate_user import reactivate_user
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.identity.user_answers import UserPayload


@strawberry.input(description="Whom to let in again.")
class ReactivateUserInput:
    user_id: strawberry.ID = described("The user.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What reactivating answers.")
class ReactivateUserPayload(UserPayload):
    pass


async def run(session: Session, input: ReactivateUserInput) -> Answer:
    user_id = id_in("User", input.user_id, "userId")
    return Answer(user_id=await reactivate_user(session, user_id))


@strawberry.type
class ReactivateUser:
    reactivate_user: ReactivateUserPayload | None = mutation(
        run, "Lets a suspended user in again.", guard=requires("user:admin")
    )
