"""updateMe."""

import strawberry

from domain.identity.update_me import update_me
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer
from schema.directives import requires
from schema.fields import described
from schema.identity.user_answers import UserPayload


@strawberry.input(description="What to change of oneself. What is not sent stays.")
class UpdateMeInput:
    name: str | None = described("Full name.", default=strawberry.UNSET)
    phone: str | None = described("Telephone number; null for none.", default=strawberry.UNSET)
    language: str | None = described("Preferred language, BCP 47.", default=strawberry.UNSET)
    version: int | None = described("The version that was read: refused if there is a newer one.", default=None)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What changing oneself answers.")
class UpdateMePayload(UserPayload):
    pass


async def run(session: Session, input: UpdateMeInput) -> Answer:
    given = {"name": input.name, "phone": input.phone, "language": input.language}
    changes = {name: value for name, value in given.items() if value is not strawberry.UNSET}
    return Answer(user_id=await update_me(session, changes, input.version))


@strawberry.type
class UpdateMe:
    update_me: UpdateMePayload | None = mutation(run, "Changes what is known of the viewer.", guard=requires("profile"))
