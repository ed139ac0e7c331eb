"""What was done and seen."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from loaders.entities import AuditRecordRow
from loaders.identity.audit import NEWEST_FIRST, AuditPages
from loaders.identity.users import UserById
from loaders.patients.patients import PatientById
from schema.context import Info
from schema.directives import requires
from schema.fields import described, read, relation
from schema.identity.users import User
from schema.node import Node, encode_id, global_id, read_id
from schema.paging import After, First, ask_pages
from schema.patients.patients import Patient
from schema.words import filter_text


def _id_of(type_name: str | None, number: int | None) -> Any:
    if type_name is None or number is None:
        return None
    return encode_id(type_name, number)


@strawberry.type(
    directives=[requires("audit:read")], description="Who did or saw what, of which patient, when, in which request."
)
class AuditRecord(Node):
    row_type = AuditRecordRow
    id: strawberry.ID = global_id("AuditRecord")
    at: datetime = read(lambda row: row["happened_at"], "When.", columns=("happened_at",))
    action: str = described("The mutation, `read`, or `export` for a file that was taken away.")
    entity: str = described(
        "What kind of thing, as the types are named; of what was read all kinds, with commas between them."
    )
    entity_id: strawberry.ID | None = read(
        lambda row: _id_of(row["entity"], row["entity_id"]), "Which one, if one.", columns=("entity", "entity_id")
    )
    patient_id: strawberry.ID | None = read(
        lambda row: _id_of("Patient", row["patient_id"]), "Whose data, if a patient's.", columns=("patient_id",)
    )
    client_id: str | None = described("Through which application.")
    request_id: str = described("In which request, as the log names it.")
    reason: str | None = described("Why, if somebody said.")
    user: User | None = relation(UserById, "user_id", "Who; null for an application that acts for nobody.")
    patient: Patient | None = relation(PatientById, "patient_id", "Whose data.", guard=requires("patient:read"))


@strawberry.input(description="Which audit records. All that is given must hold.")
class AuditLogFilter:
    patient_id: strawberry.ID | None = described("About this patient.", default=None)
    user_id: strawberry.ID | None = described("By this user.", default=None)
    action: str | None = described("Of this mutation, or `read`, or `export`.", default=None)
    entity: str | None = described("About this kind of thing, such as Appointment.", default=None)
    since: datetime | None = described("At this instant or later.", default=None)
    until: datetime | None = described("Before this instant.", default=None)


AuditAsked = Annotated[AuditLogFilter | None, strawberry.argument(description="Which records.")]


def ask_audit(info: Info, first: First = 20, after: After = None, filter: AuditAsked = None) -> AuditPages:
    """Asks for audit records, the newest first."""
    asked = filter or AuditLogFilter()
    conditions = {
        "patient_id": asked.patient_id and read_id("Patient", asked.patient_id),
        "user_id": asked.user_id and read_id("User", asked.user_id),
        "action": filter_text("action", asked.action),
        "entity": filter_text("entity", asked.entity),
        "since": asked.since,
        "until": asked.until,
    }
    return ask_pages(info, AuditPages, NEWEST_FIRST, conditions, first=first, after=after)
