"""disableTotp."""

import strawberry

from domain.identity.disable_totp import disable_totp
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer
from schema.directives import Authenticated
from schema.fields import described
from schema.identity.user_answers import UserPayload, answer_of


@strawberry.input(description="The password, or a code.")
class DisableTotpInput:
    password: str | None = described("The viewer's password.", default=None)
    code: str | None = described("A code of the app, or a recovery code.", default=None)
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What taking the authenticator app away answers.")
class DisableTotpPayload(UserPayload):
    pass


async def run(session: Session, input: DisableTotpInput) -> Answer:
    problem = await disable_totp(session, input.password, input.code)
    return answer_of(problem, user_id=session.viewer.user_id)


@strawberry.type
class DisableTotp:
    disable_totp: DisableTotpPayload | None = mutation(
        run, "Takes the authenticator app away: sign-in asks for the password only.", guard=Authenticated()
    )
