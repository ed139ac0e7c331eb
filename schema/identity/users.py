"""People."""

from datetime import datetime

import strawberry

from loaders.entities import UserRow
from loaders.identity.users import RolesOfUser, ScopesOfUser
from loaders.patients.patients import PatientOfUser
from loaders.providers.doctors import DoctorOfUser
from loaders.providers.staff import WorkplacesOfUser
from models.enums import Role, UserStatus
from schema.directives import Authenticated, RequiresScopes, requires
from schema.fields import described, relation
from schema.node import Node, global_id

ACCOUNT = RequiresScopes(scopes=[["profile"], ["user:read"], ["user:admin"]])


@strawberry.type(description="A person. Of a doctor everybody sees the name; the rest is for those it concerns.")
class User(Node):
    row_type = UserRow
    id: strawberry.ID = global_id("User")
    name: str = described("Full name.")
    language: str = described("Preferred language, BCP 47.")
    email: str | None = described("Null to those whom it does not concern.", guard=Authenticated())
    phone: str | None = described("Null to those whom it does not concern.", guard=Authenticated())
    status: UserStatus | None = described("Whether she may sign in. For herself and administrators.", guard=ACCOUNT)
    email_verified_at: datetime | None = described(
        "When she proved that she reads the mail of her address. For herself and administrators.", guard=ACCOUNT
    )
    last_login_at: datetime | None = described(
        "When she last signed in. For herself and administrators.", guard=ACCOUNT
    )
    created_at: datetime | None = described("When she joined. For herself and administrators.", guard=ACCOUNT)
    version: int | None = described(
        "Grows with every change; sent back with an edit, it shows that nothing was overlooked. For herself and "
        "administrators.",
        guard=ACCOUNT,
    )
    roles: list[Role] | None = relation(
        RolesOfUser, "id", "Her roles. For herself and administrators.", guard=Authenticated()
    )
    scopes: list[str] | None = relation(
        ScopesOfUser, "id", "What the token of this request allows. For herself.", guard=Authenticated()
    )
    workplaces: list["StaffMember"] | None = relation(
        WorkplacesOfUser,
        "id",
        "Where she works now as STAFF or MANAGER. For herself and administrators.",
        guard=Authenticated(),
    )
    doctor: "Doctor | None" = relation(DoctorOfUser, "id", "The provider profile, if she has one.")
    patient: "Patient | None" = relation(
        PatientOfUser, "id", "The patient profile, if she has one.", guard=requires("patient:read")
    )


from schema.patients.patients import Patient  # noqa: E402
from schema.providers.doctors import Doctor  # noqa: E402
from schema.providers.staff import StaffMember  # noqa: E402
