"""Who works at a clinic without being a doctor."""

from datetime import datetime

import strawberry

from loaders.entities import StaffMemberRow
from loaders.identity.users import UserById
from loaders.providers.clinics import ClinicById
from models.enums import Role
from schema.directives import requires
from schema.fields import described, relation
from schema.node import Node, global_id


@strawberry.type(
    directives=[requires("clinic:read")],
    description="Somebody who works for a clinic as STAFF or MANAGER. Seen by herself and the clinic's managers.",
)
class StaffMember(Node):
    row_type = StaffMemberRow
    id: strawberry.ID = global_id("StaffMember")
    user: "User | None" = relation(UserById, "user_id", "Who she is.")
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Where she works.")
    role: Role = described("STAFF or MANAGER.")
    created_at: datetime = described("When she first worked here.")
    ended_at: datetime | None = described("When she left; null: she works here.")


from schema.identity.users import User  # noqa: E402
from schema.providers.clinics import Clinic  # noqa: E402
