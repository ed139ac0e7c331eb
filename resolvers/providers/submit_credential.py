"""submitCredential."""

from datetime import date

import strawberry

from domain.providers.submit_credential import submit_credential
from domain.session import Session
from loaders.providers.credentials import CredentialById
from models.enums import CredentialKind
from resolvers.mutations import mutation
from schema.answers import Answer, Payload, id_in_or_none
from schema.changes import KEY
from schema.directives import Authenticated
from schema.fields import described, relation
from schema.providers.credentials import Credential


@strawberry.input(description="A credential for review.")
class SubmitCredentialInput:
    doctor_id: strawberry.ID | None = described("Whose it is; your own, if you are a doctor.", default=None)
    kind: CredentialKind = described("What it is.")
    number: str = described("Its number.")
    issuer: str | None = described("Who issued it.", default=None)
    issued_on: date | None = described("Since when it is good.", default=None)
    expires_on: date | None = described("From this day on it counts no more; null: it does not expire.", default=None)
    documents: list[str] = described("References to documents that prove it.", default_factory=list)
    idempotency_key: str | None = described(KEY, default=None)


@strawberry.type(description="What submitting a credential answers.")
class SubmitCredentialPayload(Payload):
    credential: Credential | None = relation(
        CredentialById, "credential_id", "The credential, as it is now; after a CONFLICT, as somebody else has left it."
    )


async def run(session: Session, input: SubmitCredentialInput) -> Answer:
    credential_id = await submit_credential(
        session,
        id_in_or_none("Doctor", input.doctor_id, "doctorId"),
        input.kind,
        number=input.number,
        issuer=input.issuer,
        issued_on=input.issued_on,
        expires_on=input.expires_on,
        documents=input.documents,
    )
    return Answer(credential_id=credential_id)


@strawberry.type
class SubmitCredential:
    submit_credential: SubmitCredentialPayload | None = mutation(
        run,
        "Submits a credential for review. For the doctor, who may just have applied, and her clinics' managers.",
        guard=Authenticated(),
    )
