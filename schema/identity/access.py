"""Who viewed a patient's record."""

from datetime import datetime

import strawberry

from loaders.entities import AccessRecordRow
from loaders.identity.audit import NEWEST_FIRST, AccessPages
from models.enums import Role
from schema.context import Info
from schema.directives import requires
from schema.fields import described, read
from schema.paging import After, First, ask_pages


@strawberry.type(
    directives=[requires("patient:read")],
    description="Somebody saw a patient's data. Her own reads are not recorded. Of who it was the name is shown.",
)
class AccessRecord:
    row_type = AccessRecordRow
    at: datetime = read(lambda row: row["happened_at"], "When.", columns=("happened_at",))
    name: str | None = described("Who; null for an application that acts for nobody.")
    roles: list[Role] = read(
        lambda row: [Role(role) for role in row["roles"] or ()], "Which roles she has, as of now.", columns=("roles",)
    )
    application: str | None = described("Through which application, if it is one of ours to name.")
    kind: str = read(
        lambda row: row["entity"],
        "What kinds of data, such as `Appointment,Patient`, or `Payment`.",
        columns=("entity",),
    )


def access_of(info: Info, first: First = 20, after: After = None) -> AccessPages:
    """Asks who saw each patient's data, the latest first."""
    return ask_pages(info, AccessPages, NEWEST_FIRST, {}, parent="patient", first=first, after=after)
