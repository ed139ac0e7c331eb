"""People."""

import strawberry

from loaders.entities import UserRow
from loaders.patients.patients import PatientOfUser
from loaders.providers.doctors import DoctorOfUser
from schema.directives import Authenticated, requires
from schema.fields import described, relation
from schema.node import Node, global_id


@strawberry.type(description="A person. Of a doctor everybody sees the name; the rest is for those it concerns.")
class User(Node):
    row_type = UserRow
    id: strawberry.ID = global_id("User")
    name: str = described("Full name.")
    language: str = described("Preferred language, BCP 47.")
    email: str | None = described("Null to those whom it does not concern.", guard=Authenticated())
    phone: str | None = described("Null to those whom it does not concern.", guard=Authenticated())
    doctor: "Doctor | None" = relation(DoctorOfUser, "id", "The provider profile, if she has one.")
    patient: "Patient | None" = relation(
        PatientOfUser, "id", "The patient profile, if she has one.", guard=requires("patient:read")
    )


from schema.patients.patients import Patient  # noqa: E402
from schema.providers.doctors import Doctor  # noqa: E402
