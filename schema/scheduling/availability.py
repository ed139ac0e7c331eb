"""When a doctor works: weekly hours, and the days that differ."""

from datetime import date, datetime, time

import strawberry

from loaders.entities import AvailabilityExceptionRow, AvailabilityTemplateRow
from loaders.providers.clinics import ClinicById
from loaders.providers.doctors import DoctorById
from models.enums import AvailabilityExceptionKind
from schema.fields import described, read, relation
from schema.node import Node, global_id
from schema.scheduling.plans import PLANS


@strawberry.type(
    description="Weekly hours of a doctor at a clinic, in its local time: 09:00 stays 09:00 over a clock change. "
    "`generateSlots` makes slots of them.",
    directives=[PLANS],
)
class AvailabilityTemplate(Node):
    row_type = AvailabilityTemplateRow
    id: strawberry.ID = global_id("AvailabilityTemplate")
    weekday: int = described("1 is Monday, 7 is Sunday.")
    starts_at: time = described("From.")
    ends_at: time = described("To; the last slot ends by then.")
    slot_minutes: int = described("How long each slot lasts.")
    buffer_minutes: int = described("Time kept free after each slot.")
    capacity: int = described("How many patients a slot takes.")
    valid_from: date = described("The first day on which it counts.")
    valid_until: date | None = described("The last day on which it counts; null is for good.")
    version: int = described("Grows with every change; sent back with an edit, it shows that nothing was overlooked.")
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Whose hours they are.")
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Where she works then.")


@strawberry.type(description="A day on which a doctor's weekly hours do not hold.", directives=[PLANS])
class AvailabilityException(Node):
    row_type = AvailabilityExceptionRow
    id: strawberry.ID = global_id("AvailabilityException")
    kind: AvailabilityExceptionKind = described("Whether it takes away or adds.")
    day: date = described("The day, as the clinic counts it.")
    starts_at: time | None = described("From; null is the whole day.")
    ends_at: time | None = described("To; null is the whole day.")
    slot_minutes: int | None = described("How long each slot of extra hours lasts.")
    reason: str | None = described("Why.")
    created_at: datetime = read(lambda row: row["created_at"], "When it was added.", columns=("created_at",))
    doctor: "Doctor | None" = relation(DoctorById, "doctor_id", "Whose day it is.")
    clinic: "Clinic | None" = relation(ClinicById, "clinic_id", "Where; null is all of her clinics.")


from schema.providers.clinics import Clinic  # noqa: E402
from schema.providers.doctors import Doctor  # noqa: E402
