"""changePassword."""

import strawberry

from domain.identity.change_password import change_password
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer
from schema.directives import Authenticated
from schema.fields import described
from schema.identity.user_answers import UserPayload, answer_of


@strawberry.input(description="The password so far, and the new one.")
class ChangePasswordInput:
    current_password: str = described("The password so far.")
    new_password: str = described("12 to 256 characters.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What changing the password answers.")
class ChangePasswordPayload(UserPayload):
    pass


async def run(session: Session, input: ChangePasswordInput) -> Answer:
    problem = await change_password(session, input.current_password, input.new_password)
    return answer_of(problem, user_id=session.viewer.user_id)


@strawberry.type
class ChangePassword:
    change_password: ChangePasswordPayload | None = mutation(
        run, "Changes the viewer's password. All sessions and tokens end, this one too.", guard=Authenticated()
    )
