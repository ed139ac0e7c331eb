"""Finding credentials."""

import strawberry

from schema.fields import relation
from schema.paging import Connection
from schema.providers.credentials import MANAGES, Credential, ask_expiring


@strawberry.type
class CredentialQueries:
    credentials_expiring: Connection[Credential] | None = relation(
        ask_expiring, None, "Approved credentials that expire soon, the first to do so first.", guard=MANAGES
    )
