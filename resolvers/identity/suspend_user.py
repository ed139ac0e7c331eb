"""suspendUser."""

import strawberry

from domain.identity.suspend_user import suspend_user
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, id_in
from schema.directives import requires
from schema.fields import described
from schema.identity.user_answers import UserPayload


@strawberry.input(description="Whom to suspend, and why.")
class SuspendUserInput:
    user_id: strawberry.ID = described("The user.")
    reason: str = described("Why; for the audit.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What suspending answers.")
class SuspendUserPayload(UserPayload):
    pass


async def run(session: Session, input: SuspendUserInput) -> Answer:
    user_id = id_in("User", input.user_id, "userId")
    return Answer(user_id=await suspend_user(session, user_id, input.reason))


@strawberry.type
class SuspendUser:
    suspend_user: SuspendUserPayload | None = mutation(
        run, "Keeps a user out: sessions and tokens end at once.", guard=requires("user:admin")
    )
