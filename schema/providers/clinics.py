"""Clinics."""

import strawberry

from loaders.entities import ClinicRow
from loaders.providers.policies import ClosingDaysOfClinic, PolicyOfClinic
from loaders.providers.staff import StaffOfClinic
from schema.directives import requires
from schema.fields import described, read, relation
from schema.node import Node, global_id
from schema.paging import Connection
from schema.providers.filters import doctors_of
from schema.providers.policies import ClinicPolicy, ClosingDay
from schema.scheduling.filters import appointments_of, slots_of


@strawberry.type(description="Where something is, in degrees (WGS 84).")
class Position:
    row_type = ClinicRow
    latitude: float = described("Degrees north.")
    longitude: float = described("Degrees east.")


@strawberry.type(description="A place where doctors see patients.")
class Clinic(Node):
    row_type = ClinicRow
    id: strawberry.ID = global_id("Clinic")
    name: str = described("What it is called.")
    address: str = described("Street and number.")
    city: str = described("City.")
    state: str | None = described("State or region.")
    postal_code: str | None = described("Postal code.")
    country: str = described("ISO 3166 alpha-2.")
    position: Position = read(lambda row: row, "Where it is.")
    time_zone: str = described("IANA time zone, in which its days are counted.")
    currency: str = described("ISO 4217.")
    phone: str | None = described("Phone.")
    email: str | None = described("Address for questions.")
    is_active: bool = described("Whether it takes bookings.")
    version: int = described("Grows with every change; sent back with an edit, it shows that nothing was overlooked.")
    policy: ClinicPolicy | None = relation(PolicyOfClinic, "id", "The rules it books by; null: none were set.")
    closing_days: list[ClosingDay] = relation(ClosingDaysOfClinic, "id", "When it is closed, from its today on.")
    staff: list["StaffMember"] | None = relation(
        StaffOfClinic, "id", "Who works here without being a doctor, where they are yours to see."
    )
    doctors: Connection["Doctor"] = relation(doctors_of("clinic"), "id", "Who works here.")
    slots: Connection["Slot"] = relation(slots_of("clinic"), "id", "Slots here, earliest first.")
    appointments: Connection["Appointment"] | None = relation(
        appointments_of("clinic"), "id", "Appointments here.", guard=requires("appointment:read")
    )


from schema.providers.doctors import Doctor  # noqa: E402
from schema.providers.staff import StaffMember  # noqa: E402
from schema.scheduling.appointments import Appointment  # noqa: E402
from schema.scheduling.slots import Slot  # noqa: E402
