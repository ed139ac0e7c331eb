"""enrollTotp."""

import strawberry

from domain.identity.enroll_totp import enroll_totp
from domain.refusal import Problem
from domain.session import Session
from resolvers.mutations import mutation
from schema.answers import Answer, Payload
from schema.directives import Authenticated
from schema.fields import described, read
from schema.identity.user_answers import answer_of


@strawberry.input(description="The password, so that nobody else does it.")
class EnrollTotpInput:
    password: str = described("The viewer's password.")
    idempotency_key: str | None = described("Done once for each key (24 hours).", default=None)


@strawberry.type(description="What enrolling an authenticator app answers; the secret is shown this once.")
class EnrollTotpPayload(Payload):
    secret: str | None = read(lambda answer: answer["totp_secret"], "To type into the authenticator app.")
    uri: str | None = read(lambda answer: answer["uri"], "The `otpauth:` address, to show as a QR code.")


async def run(session: Session, input: EnrollTotpInput) -> Answer:
    enrolled = await enroll_totp(session, input.password)
    if isinstance(enrolled, Problem):
        return answer_of(enrolled)
    return Answer(totp_secret=enrolled.secret, uri=enrolled.uri)


@strawberry.type
class EnrollTotp:
    enroll_totp: EnrollTotpPayload | None = mutation(
        run,
        "Begins to use an authenticator app (RFC 6238); `confirmTotp` completes it.",
        guard=Authenticated(),
        keep=False,
    )
