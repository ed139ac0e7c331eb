"""What doctors have to show."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from loaders.entities import CredentialRow
from loaders.providers.credentials import BY_EXPIRY, CredentialPages
from loaders.providers.doctors import DoctorById
from models.enums import CredentialKind, CredentialStatus
from schema.context import Info
from schema.directives import RequiresScopes, requires
from schema.errors import BadUserInput
from schema.fields import described, relation
from schema.node import Node, global_id
from schema.paging import After, First, ask_pages

LONGEST = 366
MANAGES = RequiresScopes(scopes=[["provider:write"], ["provider:review"]])


@strawberry.type(
    directives=[requires("provider:read")],
    description="What a doctor has to show. Seen by herself, the managers of her clinics, and those who review.",
)
class Credential(Node):
    row_type = CredentialRow
    id: strawberry.ID = global_id("Credential")
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Whose it is.")
    kind: CredentialKind = described("What it is.")
    number: str = described("Its number, in capitals.")
    issuer: str | None = described("Who issued it.")
    issued_on: date | None = described("Since when it is good.")
    expires_on: date | None = described("From this day on it counts no more; null: it does not expire.")
    documents: list[str] | None = described("References to the documents that prove it.", guard=MANAGES)
    status: CredentialStatus = described("Where it stands.")
    review_reason: str | None = described("What the reviewer wrote.")
    reviewed_at: datetime | None = described("When it was reviewed.")
    created_at: datetime = described("When it was submitted.")
    version: int = described("Grows with every change.")


Within = Annotated[int, strawberry.argument(description="Within how many days from today (UTC), 1 to 366.")]


def ask_expiring(info: Info, within: Within = 30, first: First = 20, after: After = None) -> CredentialPages:
    """Asks for approved credentials that expire soon."""
    if not 1 <= within <= LONGEST:
        raise BadUserInput(f"within must be from 1 to {LONGEST} days, not {within}")
    return ask_pages(info, CredentialPages, BY_EXPIRY, {"within": within}, first=first, after=after)


from schema.providers.doctors import Doctor  # noqa: E402
