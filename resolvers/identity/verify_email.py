"""verifyEmail."""

import strawberry

from domain.identity.verify_email import verify_email
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, Payload
from schema.fields import described, read


@strawberry.input(description="The link that was sent.")
class VerifyEmailInput:
    token: str = described("What stands behind `token=` in the link.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What verifying an address answers.")
class VerifyEmailPayload(Payload):
    email: str | None = read(lambda answer: answer["email"], "The address that is verified now.")


async def run(session: Session, input: VerifyEmailInput) -> Answer:
    return Answer(email=await verify_email(session, input.token))


@strawberry.type
class VerifyEmail:
    verify_email: VerifyEmailPayload | None = mutation(
        run, "Verifies an address by the link that was sent to it, as the page behind the link does."
    )
