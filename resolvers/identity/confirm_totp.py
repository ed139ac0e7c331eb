"""confirmTotp."""

import strawberry

from domain.identity.confirm_totp import confirm_totp
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer
from schema.directives import Authenticated
from schema.fields import described, read
from schema.identity.user_answers import UserPayload


@strawberry.input(description="A first code of the app.")
class ConfirmTotpInput:
    code: str = described("What the authenticator app shows.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What confirming an authenticator app answers.")
class ConfirmTotpPayload(UserPayload):
    recovery_codes: list[str] | None = read(
        lambda answer: answer["recovery_codes"], "Each stands in for the app once; shown this once."
    )


async def run(session: Session, input: ConfirmTotpInput) -> Answer:
    user_id, codes = await confirm_totp(session, input.code)
    return Answer(user_id=user_id, recovery_codes=codes)


@strawberry.type
class ConfirmTotp:
    confirm_totp: ConfirmTotpPayload | None = mutation(
        run, "From now on sign-in asks for a code of the app.", guard=Authenticated(), keep=False
    )
