"""reviewCredential."""

import strawberry

from domain.providers.review_credential import review_credential
from domain.session import Session
from loaders.providers.credentials import CredentialById
from models.enums import CredentialStatus
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in
from schema.changes import KEY, VERSION
from schema.directives import requires
from schema.fields import described, relation
from schema.providers.credentials import Credential


@strawberry.input(description="What is decided on a credential.")
class ReviewCredentialInput:
    credential_id: strawberry.ID = described("The credential.")
    version: int | None = described(VERSION, default=None)
    decision: CredentialStatus = described("APPROVED or REJECTED.")
    reason: str | None = described("Why, for her to read; needed to reject.", default=None)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What reviewing a credential answers.")
class ReviewCredentialPayload(Payload):
    credential: Credential | None = relation(
        CredentialById, "credential_id", "The credential, as it is now; after a CONFLICT, as somebody else has left it."
    )


async def run(session: Session, input: ReviewCredentialInput) -> Answer:
    credential_id = id_in("Credential", input.credential_id, "credentialId")
    return Answer(
        credential_id=await review_credential(session, credential_id, input.decision, input.reason, input.version)
    )


@strawberry.type
class ReviewCredential:
    review_credential: ReviewCredentialPayload | None = mutation(
        run,
        "Approves or rejects what was submitted. A licence counts for free slots at once. Nobody reviews her own.",
        guard=requires("provider:review"),
    )
